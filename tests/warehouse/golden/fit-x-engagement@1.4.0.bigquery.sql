-- changes_in_order
SELECT
  `t1`.`key`,
  `t1`.`field`,
  `t1`.`from_us`,
  `t1`.`f0`,
  `t1`.`f1`,
  `t1`.`f2`,
  `t1`.`f3`,
  `t1`.`f3s`,
  (
    ROW_NUMBER() OVER (
      PARTITION BY `t1`.`key`, `t1`.`field`
      ORDER BY `t1`.`changed_us` ASC, `t1`.`known_us` ASC, IF(`t1`.`has_value`, 1, 0) ASC, `t1`.`text` ASC
    ) - 1
  ) + 1 AS `number`
FROM (
  SELECT
    *
  FROM `view_changes` AS `t0`
  WHERE
    `t0`.`field` IN ('email_type', 'employees', 'industry', 'title')
) AS `t1`;
-- crossings
WITH `sweep_leads` AS (SELECT
  `t0`.`key`,
  `t0`.`lead_id`,
  `t0`.`account`,
  `t0`.`whole`,
  LEAST(`t0`.`start_us`, 1798761600000000) AS `origin`,
  IF(
    `t0`.`start_us` <= 1798761600000000,
    IF(
      `t0`.`until_us` IS NULL,
      1798761600000000,
      LEAST(1798761600000000, `t0`.`until_us` - 1)
    ) - LEAST(`t0`.`start_us`, 1798761600000000),
    -1
  ) AS `last`,
  IF(
    `t0`.`start_us` <= 1798761600000000,
    IF(
      `t0`.`until_us` IS NULL,
      1798761600000000,
      LEAST(1798761600000000, `t0`.`until_us` - 1)
    ) - LEAST(`t0`.`start_us`, 1798761600000000),
    -1
  ) AS `final`,
  `t0`.`start_us` <= 1798761600000000 AS `begun`,
  `t0`.`created_us` - LEAST(`t0`.`start_us`, 1798761600000000) AS `created`
FROM `view_leads` AS `t0`), `sweep_events` AS (SELECT
  `t4`.*
  EXCEPT (`known_us`, `occurred_us`, `origin`)
FROM (
  SELECT
    `t3`.`key`,
    `t3`.`name`,
    `t3`.`occurred_us`,
    `t3`.`known_us`,
    `t3`.`p0`,
    `t3`.`p1`,
    `t3`.`p2`,
    `t3`.`p3`,
    `t3`.`day:America_New_York`,
    `t3`.`origin`,
    `t3`.`final`,
    `t3`.`occurred_us` - `t3`.`origin` AS `occ`,
    `t3`.`known_us` - `t3`.`origin` AS `known`
  FROM (
    SELECT
      `t2`.*
      EXCEPT (`begun`, `last`, `start_us`, `until_us`)
    FROM (
      SELECT
        `t1`.`key`,
        `t1`.`start_us`,
        `t1`.`until_us`,
        `t1`.`name`,
        `t1`.`occurred_us`,
        `t1`.`known_us`,
        `t1`.`p0`,
        `t1`.`p1`,
        `t1`.`p2`,
        `t1`.`p3`,
        `t1`.`day:America_New_York`,
        `t1`.`origin`,
        `t1`.`begun`,
        `t1`.`last`,
        `t1`.`last` AS `final`
      FROM (
        SELECT
          `t0`.`key`,
          `t0`.`start_us`,
          `t0`.`until_us`,
          `t0`.`name`,
          `t0`.`occurred_us`,
          `t0`.`known_us`,
          `t0`.`p0`,
          `t0`.`p1`,
          `t0`.`p2`,
          `t0`.`p3`,
          CAST(FLOOR(
            ieee_divide(
              (
                `t0`.`occurred_us` + CASE
                  WHEN `t0`.`occurred_us` < 1772953200000000
                  THEN -18000000000
                  WHEN `t0`.`occurred_us` < 1793512800000000
                  THEN -14400000000
                  ELSE -18000000000
                END + 345600000000000000
              ) - (
                MOD(
                  `t0`.`occurred_us` + CASE
                    WHEN `t0`.`occurred_us` < 1772953200000000
                    THEN -18000000000
                    WHEN `t0`.`occurred_us` < 1793512800000000
                    THEN -14400000000
                    ELSE -18000000000
                  END + 345600000000000000,
                  86400000000
                )
              ),
              86400000000
            )
          ) AS INT64) - 4000000 AS `day:America_New_York`,
          LEAST(`t0`.`start_us`, 1798761600000000) AS `origin`,
          `t0`.`start_us` <= 1798761600000000 AS `begun`,
          IF(
            `t0`.`start_us` <= 1798761600000000,
            IF(
              `t0`.`until_us` IS NULL,
              1798761600000000,
              LEAST(1798761600000000, `t0`.`until_us` - 1)
            ) - LEAST(`t0`.`start_us`, 1798761600000000),
            -1
          ) AS `last`
        FROM `view_events` AS `t0`
        WHERE
          `t0`.`name` IN ('email_click', 'form_submit', 'page_view', 'unsubscribe', 'webinar_attended')
      ) AS `t1`
    ) AS `t2`
  ) AS `t3`
  WHERE
    (
      `t3`.`known_us` - `t3`.`origin`
    ) <= `t3`.`final`
) AS `t4`), `sweep_spans_0` AS (SELECT
  *
FROM (
  SELECT
    `t6`.`key`,
    `t6`.`known` AS `a`,
    LEAST(
      COALESCE(
        LEAST(COALESCE(`t6`.`in_day`, `t6`.`spread`), COALESCE(`t6`.`spread`, `t6`.`in_day`)),
        `t6`.`occ` + 7776000000000
      ),
      COALESCE(
        `t6`.`occ` + 7776000000000,
        LEAST(COALESCE(`t6`.`in_day`, `t6`.`spread`), COALESCE(`t6`.`spread`, `t6`.`in_day`))
      )
    ) AS `b`,
    `t6`.`w`,
    `t6`.`s`,
    `t6`.`final`
  FROM (
    SELECT
      `t5`.`key`,
      `t5`.`name`,
      `t5`.`p0`,
      `t5`.`p1`,
      `t5`.`p2`,
      `t5`.`p3`,
      `t5`.`day:America_New_York`,
      `t5`.`final`,
      `t5`.`occ`,
      `t5`.`known`,
      `t5`.`w`,
      `t5`.`s`,
      `t5`.`in_day`,
      `t5`.`day_first`,
      `t5`.`by_day`,
      MAX(IF(`t5`.`in_day` IS NULL, `t5`.`by_day`, CAST(NULL AS INT64))) OVER (
        PARTITION BY `t5`.`key`, `t5`.`day:America_New_York`
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS `spread`
    FROM (
      SELECT
        `t4`.*
        EXCEPT (`following`)
      FROM (
        SELECT
          `t3`.`key`,
          `t3`.`name`,
          `t3`.`p0`,
          `t3`.`p1`,
          `t3`.`p2`,
          `t3`.`p3`,
          `t3`.`day:America_New_York`,
          `t3`.`final`,
          `t3`.`occ`,
          `t3`.`known`,
          `t3`.`w`,
          `t3`.`s`,
          `t3`.`in_day`,
          `t3`.`day_first`,
          `t3`.`following`,
          IF(
            ARRAY_LENGTH(`t3`.`following`) >= 3,
            ARRAY(
              SELECT
                one_0
              FROM UNNEST(`t3`.`following`) AS one_0
              ORDER BY
                one_0
            )[safe_offset(2)],
            CAST(NULL AS INT64)
          ) AS `by_day`
        FROM (
          SELECT
            `t2`.`key`,
            `t2`.`name`,
            `t2`.`p0`,
            `t2`.`p1`,
            `t2`.`p2`,
            `t2`.`p3`,
            `t2`.`day:America_New_York`,
            `t2`.`final`,
            `t2`.`occ`,
            `t2`.`known`,
            `t2`.`w`,
            `t2`.`s`,
            `t2`.`in_day`,
            `t2`.`day_first`,
            ARRAY_AGG(`t2`.`day_first` IGNORE NULLS) OVER (
              PARTITION BY `t2`.`key`, `t2`.`in_day` IS NULL
              ORDER BY `t2`.`day:America_New_York` ASC
              ROWS BETWEEN 1 following AND UNBOUNDED FOLLOWING
            ) AS `following`
          FROM (
            SELECT
              `t1`.`key`,
              `t1`.`name`,
              `t1`.`p0`,
              `t1`.`p1`,
              `t1`.`p2`,
              `t1`.`p3`,
              `t1`.`day:America_New_York`,
              `t1`.`final`,
              `t1`.`occ`,
              `t1`.`known`,
              `t1`.`w`,
              `t1`.`s`,
              MIN(`t1`.`known`) OVER (
                PARTITION BY `t1`.`key`, `t1`.`day:America_New_York`
                ORDER BY `t1`.`occ` ASC, `t1`.`known` ASC
                ROWS BETWEEN 1 following AND UNBOUNDED FOLLOWING
              ) AS `in_day`,
              MIN(`t1`.`known`) OVER (
                PARTITION BY `t1`.`key`, `t1`.`day:America_New_York`
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
              ) AS `day_first`
            FROM (
              SELECT
                `t0`.`key`,
                `t0`.`name`,
                `t0`.`p0`,
                `t0`.`p1`,
                `t0`.`p2`,
                `t0`.`p3`,
                `t0`.`day:America_New_York`,
                `t0`.`final`,
                `t0`.`occ`,
                `t0`.`known`,
                POWER(
                  CAST('2.0' AS FLOAT64),
                  GREATEST(
                    LEAST(
                      ieee_divide(CAST(`t0`.`occ` AS FLOAT64), CAST('1209600000000.0' AS FLOAT64)),
                      CAST('1000.0' AS FLOAT64)
                    ),
                    CAST('-65.0' AS FLOAT64)
                  )
                ) AS `w`,
                CAST('0.0' AS FLOAT64) AS `s`
              FROM `sweep_events` AS `t0`
              WHERE
                `t0`.`name` IN ('page_view')
                AND NOT (
                  COALESCE((
                    `t0`.`p1` = TRUE
                  ) OR (
                    `t0`.`p3` < CAST('10.0' AS FLOAT64)
                  ), FALSE)
                )
                AND COALESCE(`t0`.`p2` = '/pricing', FALSE)
            ) AS `t1`
          ) AS `t2`
        ) AS `t3`
      ) AS `t4`
    ) AS `t5`
  ) AS `t6`
) AS `t7`
WHERE
  `t7`.`a` <= `t7`.`final`
  AND NOT (
    COALESCE(
      (
        `t7`.`b` IS NOT NULL
      )
      AND (
        (
          `t7`.`b` <= `t7`.`a`
        ) OR (
          `t7`.`b` <= 0
        )
      ),
      FALSE
    )
  )), `sweep_spans_1` AS (SELECT
  *
FROM (
  SELECT
    `t4`.`key`,
    `t4`.`known` AS `a`,
    LEAST(
      COALESCE(`t4`.`displaced`, `t4`.`occ` + 15552000000000),
      COALESCE(`t4`.`occ` + 15552000000000, `t4`.`displaced`)
    ) AS `b`,
    `t4`.`w`,
    `t4`.`s`,
    `t4`.`final`
  FROM (
    SELECT
      `t3`.*
      EXCEPT (`following`)
    FROM (
      SELECT
        `t2`.`key`,
        `t2`.`name`,
        `t2`.`p0`,
        `t2`.`p1`,
        `t2`.`p2`,
        `t2`.`p3`,
        `t2`.`day:America_New_York`,
        `t2`.`final`,
        `t2`.`occ`,
        `t2`.`known`,
        `t2`.`w`,
        `t2`.`s`,
        `t2`.`following`,
        IF(
          ARRAY_LENGTH(`t2`.`following`) >= 2,
          ARRAY(
            SELECT
              one_0
            FROM UNNEST(`t2`.`following`) AS one_0
            ORDER BY
              one_0
          )[safe_offset(1)],
          CAST(NULL AS INT64)
        ) AS `displaced`
      FROM (
        SELECT
          `t1`.`key`,
          `t1`.`name`,
          `t1`.`p0`,
          `t1`.`p1`,
          `t1`.`p2`,
          `t1`.`p3`,
          `t1`.`day:America_New_York`,
          `t1`.`final`,
          `t1`.`occ`,
          `t1`.`known`,
          `t1`.`w`,
          `t1`.`s`,
          ARRAY_AGG(`t1`.`known` IGNORE NULLS) OVER (
            PARTITION BY `t1`.`key`
            ORDER BY `t1`.`occ` ASC, `t1`.`known` ASC
            ROWS BETWEEN 1 following AND UNBOUNDED FOLLOWING
          ) AS `following`
        FROM (
          SELECT
            `t0`.`key`,
            `t0`.`name`,
            `t0`.`p0`,
            `t0`.`p1`,
            `t0`.`p2`,
            `t0`.`p3`,
            `t0`.`day:America_New_York`,
            `t0`.`final`,
            `t0`.`occ`,
            `t0`.`known`,
            POWER(
              CAST('2.0' AS FLOAT64),
              GREATEST(
                LEAST(
                  ieee_divide(CAST(`t0`.`occ` AS FLOAT64), CAST('2592000000000.0' AS FLOAT64)),
                  CAST('1000.0' AS FLOAT64)
                ),
                CAST('-65.0' AS FLOAT64)
              )
            ) AS `w`,
            CAST('0.0' AS FLOAT64) AS `s`
          FROM `sweep_events` AS `t0`
          WHERE
            `t0`.`name` IN ('webinar_attended')
            AND NOT (
              COALESCE((
                `t0`.`p1` = TRUE
              ) OR (
                `t0`.`p3` < CAST('10.0' AS FLOAT64)
              ), FALSE)
            )
        ) AS `t1`
      ) AS `t2`
    ) AS `t3`
  ) AS `t4`
) AS `t5`
WHERE
  `t5`.`a` <= `t5`.`final`
  AND NOT (
    COALESCE(
      (
        `t5`.`b` IS NOT NULL
      )
      AND (
        (
          `t5`.`b` <= `t5`.`a`
        ) OR (
          `t5`.`b` <= 0
        )
      ),
      FALSE
    )
  )), `sweep_spans_2` AS (SELECT
  *
FROM (
  SELECT
    `t6`.`key`,
    `t6`.`known` AS `a`,
    LEAST(
      COALESCE(
        LEAST(COALESCE(`t6`.`in_day`, `t6`.`spread`), COALESCE(`t6`.`spread`, `t6`.`in_day`)),
        `t6`.`occ` + 2592000000000
      ),
      COALESCE(
        `t6`.`occ` + 2592000000000,
        LEAST(COALESCE(`t6`.`in_day`, `t6`.`spread`), COALESCE(`t6`.`spread`, `t6`.`in_day`))
      )
    ) AS `b`,
    `t6`.`w`,
    `t6`.`s`,
    `t6`.`final`
  FROM (
    SELECT
      `t5`.`key`,
      `t5`.`name`,
      `t5`.`p0`,
      `t5`.`p1`,
      `t5`.`p2`,
      `t5`.`p3`,
      `t5`.`day:America_New_York`,
      `t5`.`final`,
      `t5`.`occ`,
      `t5`.`known`,
      `t5`.`w`,
      `t5`.`s`,
      `t5`.`in_day`,
      `t5`.`day_first`,
      `t5`.`by_day`,
      MAX(IF(`t5`.`in_day` IS NULL, `t5`.`by_day`, CAST(NULL AS INT64))) OVER (
        PARTITION BY `t5`.`key`, `t5`.`day:America_New_York`
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS `spread`
    FROM (
      SELECT
        `t4`.*
        EXCEPT (`following`)
      FROM (
        SELECT
          `t3`.`key`,
          `t3`.`name`,
          `t3`.`p0`,
          `t3`.`p1`,
          `t3`.`p2`,
          `t3`.`p3`,
          `t3`.`day:America_New_York`,
          `t3`.`final`,
          `t3`.`occ`,
          `t3`.`known`,
          `t3`.`w`,
          `t3`.`s`,
          `t3`.`in_day`,
          `t3`.`day_first`,
          `t3`.`following`,
          IF(
            ARRAY_LENGTH(`t3`.`following`) >= 5,
            ARRAY(
              SELECT
                one_0
              FROM UNNEST(`t3`.`following`) AS one_0
              ORDER BY
                one_0
            )[safe_offset(4)],
            CAST(NULL AS INT64)
          ) AS `by_day`
        FROM (
          SELECT
            `t2`.`key`,
            `t2`.`name`,
            `t2`.`p0`,
            `t2`.`p1`,
            `t2`.`p2`,
            `t2`.`p3`,
            `t2`.`day:America_New_York`,
            `t2`.`final`,
            `t2`.`occ`,
            `t2`.`known`,
            `t2`.`w`,
            `t2`.`s`,
            `t2`.`in_day`,
            `t2`.`day_first`,
            ARRAY_AGG(`t2`.`day_first` IGNORE NULLS) OVER (
              PARTITION BY `t2`.`key`, `t2`.`in_day` IS NULL
              ORDER BY `t2`.`day:America_New_York` ASC
              ROWS BETWEEN 1 following AND UNBOUNDED FOLLOWING
            ) AS `following`
          FROM (
            SELECT
              `t1`.`key`,
              `t1`.`name`,
              `t1`.`p0`,
              `t1`.`p1`,
              `t1`.`p2`,
              `t1`.`p3`,
              `t1`.`day:America_New_York`,
              `t1`.`final`,
              `t1`.`occ`,
              `t1`.`known`,
              `t1`.`w`,
              `t1`.`s`,
              MIN(`t1`.`known`) OVER (
                PARTITION BY `t1`.`key`, `t1`.`day:America_New_York`
                ORDER BY `t1`.`occ` ASC, `t1`.`known` ASC
                ROWS BETWEEN 1 following AND UNBOUNDED FOLLOWING
              ) AS `in_day`,
              MIN(`t1`.`known`) OVER (
                PARTITION BY `t1`.`key`, `t1`.`day:America_New_York`
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
              ) AS `day_first`
            FROM (
              SELECT
                `t0`.`key`,
                `t0`.`name`,
                `t0`.`p0`,
                `t0`.`p1`,
                `t0`.`p2`,
                `t0`.`p3`,
                `t0`.`day:America_New_York`,
                `t0`.`final`,
                `t0`.`occ`,
                `t0`.`known`,
                CAST('1.0' AS FLOAT64) AS `w`,
                CAST(`t0`.`occ` AS FLOAT64) AS `s`
              FROM `sweep_events` AS `t0`
              WHERE
                `t0`.`name` IN ('email_click')
                AND NOT (
                  COALESCE((
                    `t0`.`p1` = TRUE
                  ) OR (
                    `t0`.`p3` < CAST('10.0' AS FLOAT64)
                  ), FALSE)
                )
            ) AS `t1`
          ) AS `t2`
        ) AS `t3`
      ) AS `t4`
    ) AS `t5`
  ) AS `t6`
) AS `t7`
WHERE
  `t7`.`a` <= `t7`.`final`
  AND NOT (
    COALESCE(
      (
        `t7`.`b` IS NOT NULL
      )
      AND (
        (
          `t7`.`b` <= `t7`.`a`
        ) OR (
          `t7`.`b` <= 0
        )
      ),
      FALSE
    )
  )), `sweep_spans_3` AS (SELECT
  `t2`.`key`,
  `t2`.`known` AS `a`,
  `t2`.`displaced` AS `b`,
  `t2`.`w`,
  `t2`.`s`,
  `t2`.`final`
FROM (
  SELECT
    `t1`.`key`,
    `t1`.`name`,
    `t1`.`p0`,
    `t1`.`p1`,
    `t1`.`p2`,
    `t1`.`p3`,
    `t1`.`day:America_New_York`,
    `t1`.`final`,
    `t1`.`occ`,
    `t1`.`known`,
    `t1`.`w`,
    `t1`.`s`,
    MIN(`t1`.`known`) OVER (
      PARTITION BY `t1`.`key`
      ORDER BY `t1`.`occ` ASC, `t1`.`known` ASC
      ROWS BETWEEN 1 following AND UNBOUNDED FOLLOWING
    ) AS `displaced`
  FROM (
    SELECT
      `t0`.`key`,
      `t0`.`name`,
      `t0`.`p0`,
      `t0`.`p1`,
      `t0`.`p2`,
      `t0`.`p3`,
      `t0`.`day:America_New_York`,
      `t0`.`final`,
      `t0`.`occ`,
      `t0`.`known`,
      CAST('1.0' AS FLOAT64) AS `w`,
      CAST('0.0' AS FLOAT64) AS `s`
    FROM `sweep_events` AS `t0`
    WHERE
      `t0`.`name` IN ('unsubscribe')
      AND NOT (
        COALESCE((
          `t0`.`p1` = TRUE
        ) OR (
          `t0`.`p3` < CAST('10.0' AS FLOAT64)
        ), FALSE)
      )
  ) AS `t1`
) AS `t2`
WHERE
  `t2`.`known` <= `t2`.`final`
  AND NOT (
    COALESCE(
      (
        `t2`.`displaced` IS NOT NULL
      )
      AND (
        (
          `t2`.`displaced` <= `t2`.`known`
        ) OR (
          `t2`.`displaced` <= 0
        )
      ),
      FALSE
    )
  )), `sweep_spans_4` AS (SELECT
  *
FROM (
  SELECT
    `t5`.`key`,
    `t5`.`final`,
    GREATEST(`t5`.`known`, `t5`.`newest` + 5184000000000) AS `a`,
    `t5`.`next_known` AS `b`,
    CAST('1.0' AS FLOAT64) AS `w`,
    CAST('0.0' AS FLOAT64) AS `s`
  FROM (
    SELECT
      `t4`.`key`,
      `t4`.`final`,
      `t4`.`occ`,
      `t4`.`known`,
      MAX(`t4`.`occ`) OVER (
        PARTITION BY `t4`.`key`
        ORDER BY `t4`.`known` ASC
        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS `newest`,
      LEAD(`t4`.`known`, 1) OVER (PARTITION BY `t4`.`key` ORDER BY `t4`.`known` ASC) AS `next_known`
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t0`.`key`,
          `t0`.`final`,
          `t0`.`occ`,
          `t0`.`known`
        FROM `sweep_events` AS `t0`
        WHERE
          `t0`.`name` IN ('email_click', 'form_submit', 'page_view')
          AND NOT (
            COALESCE((
              `t0`.`p1` = TRUE
            ) OR (
              `t0`.`p3` < CAST('10.0' AS FLOAT64)
            ), FALSE)
          )
      ) AS `t3`
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          `t1`.`key`,
          `t1`.`final`,
          `t1`.`created` AS `occ`,
          -4611686018427387904 AS `known`
        FROM `sweep_leads` AS `t1`
      ) AS `t2`
    ) AS `t4`
  ) AS `t5`
) AS `t6`
WHERE
  `t6`.`a` <= `t6`.`final`
  AND NOT (
    COALESCE(
      (
        `t6`.`b` IS NOT NULL
      )
      AND (
        (
          `t6`.`b` <= `t6`.`a`
        ) OR (
          `t6`.`b` <= 0
        )
      ),
      FALSE
    )
  )), `sweep_spans_5` AS (SELECT
  `t0`.`key`,
  `t0`.`known` AS `a`,
  CAST(NULL AS INT64) AS `b`,
  CAST('1.0' AS FLOAT64) AS `w`,
  CAST('0.0' AS FLOAT64) AS `s`,
  `t0`.`final`
FROM `sweep_events` AS `t0`
WHERE
  `t0`.`name` IN ('page_view')
  AND NOT (
    COALESCE((
      `t0`.`p1` = TRUE
    ) OR (
      `t0`.`p3` < CAST('10.0' AS FLOAT64)
    ), FALSE)
  )
  AND COALESCE(`t0`.`p2` = '/pricing', FALSE)
  AND `t0`.`known` <= `t0`.`final`
  AND NOT (
    COALESCE(
      (
        CAST(NULL AS INT64) IS NOT NULL
      )
      AND (
        (
          CAST(NULL AS INT64) <= `t0`.`known`
        ) OR (
          CAST(NULL AS INT64) <= 0
        )
      ),
      FALSE
    )
  )), `sweep_spans_6` AS (SELECT
  `t0`.`key`,
  `t0`.`known` AS `a`,
  CAST(NULL AS INT64) AS `b`,
  CAST('1.0' AS FLOAT64) AS `w`,
  CAST('0.0' AS FLOAT64) AS `s`,
  `t0`.`final`
FROM `sweep_events` AS `t0`
WHERE
  `t0`.`name` IN ('form_submit')
  AND NOT (
    COALESCE((
      `t0`.`p1` = TRUE
    ) OR (
      `t0`.`p3` < CAST('10.0' AS FLOAT64)
    ), FALSE)
  )
  AND COALESCE(`t0`.`p0` = 'demo', FALSE)
  AND `t0`.`known` <= `t0`.`final`
  AND NOT (
    COALESCE(
      (
        CAST(NULL AS INT64) IS NOT NULL
      )
      AND (
        (
          CAST(NULL AS INT64) <= `t0`.`known`
        ) OR (
          CAST(NULL AS INT64) <= 0
        )
      ),
      FALSE
    )
  )), `sweep_spans_7` AS (SELECT
  `t0`.`key`,
  `t0`.`known` AS `a`,
  CAST(NULL AS INT64) AS `b`,
  CAST('1.0' AS FLOAT64) AS `w`,
  CAST('0.0' AS FLOAT64) AS `s`,
  `t0`.`final`
FROM `sweep_events` AS `t0`
WHERE
  `t0`.`name` IN ('webinar_attended')
  AND NOT (
    COALESCE((
      `t0`.`p1` = TRUE
    ) OR (
      `t0`.`p3` < CAST('10.0' AS FLOAT64)
    ), FALSE)
  )
  AND `t0`.`known` <= `t0`.`final`
  AND NOT (
    COALESCE(
      (
        CAST(NULL AS INT64) IS NOT NULL
      )
      AND (
        (
          CAST(NULL AS INT64) <= `t0`.`known`
        ) OR (
          CAST(NULL AS INT64) <= 0
        )
      ),
      FALSE
    )
  )), `sweep_spans_8` AS (SELECT
  `t0`.`key`,
  `t0`.`known` AS `a`,
  CAST(NULL AS INT64) AS `b`,
  CAST('1.0' AS FLOAT64) AS `w`,
  CAST('0.0' AS FLOAT64) AS `s`,
  `t0`.`final`
FROM `sweep_events` AS `t0`
WHERE
  `t0`.`name` IN ('email_click')
  AND NOT (
    COALESCE((
      `t0`.`p1` = TRUE
    ) OR (
      `t0`.`p3` < CAST('10.0' AS FLOAT64)
    ), FALSE)
  )
  AND `t0`.`known` <= `t0`.`final`
  AND NOT (
    COALESCE(
      (
        CAST(NULL AS INT64) IS NOT NULL
      )
      AND (
        (
          CAST(NULL AS INT64) <= `t0`.`known`
        ) OR (
          CAST(NULL AS INT64) <= 0
        )
      ),
      FALSE
    )
  )), `sweep_stream` AS (SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t0`.`key`,
          CAST(3 AS INT64) AS `ch`,
          GREATEST(`t0`.`a`, 0) AS `t`,
          `t0`.`w`,
          `t0`.`s`
        FROM `sweep_spans_3` AS `t0`
      ) AS `t13`
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          `t0`.`key`,
          CAST(3 AS INT64) AS `ch`,
          `t0`.`b` AS `t`,
          -(
            `t0`.`w`
          ) AS `w`,
          -(
            `t0`.`s`
          ) AS `s`
        FROM `sweep_spans_3` AS `t0`
        WHERE
          `t0`.`b` <= `t0`.`final`
      ) AS `t14`
    ) AS `t32`
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t1`.`key`,
          CAST(4 AS INT64) AS `ch`,
          GREATEST(`t1`.`a`, 0) AS `t`,
          `t1`.`w`,
          `t1`.`s`
        FROM `sweep_spans_4` AS `t1`
      ) AS `t15`
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          `t1`.`key`,
          CAST(4 AS INT64) AS `ch`,
          `t1`.`b` AS `t`,
          -(
            `t1`.`w`
          ) AS `w`,
          -(
            `t1`.`s`
          ) AS `s`
        FROM `sweep_spans_4` AS `t1`
        WHERE
          `t1`.`b` <= `t1`.`final`
      ) AS `t16`
    ) AS `t33`
  ) AS `t41`
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t2`.`key`,
          CAST(5 AS INT64) AS `ch`,
          GREATEST(`t2`.`a`, 0) AS `t`,
          `t2`.`w`,
          `t2`.`s`
        FROM `sweep_spans_5` AS `t2`
      ) AS `t17`
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          `t2`.`key`,
          CAST(5 AS INT64) AS `ch`,
          `t2`.`b` AS `t`,
          -(
            `t2`.`w`
          ) AS `w`,
          -(
            `t2`.`s`
          ) AS `s`
        FROM `sweep_spans_5` AS `t2`
        WHERE
          `t2`.`b` <= `t2`.`final`
      ) AS `t18`
    ) AS `t34`
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t3`.`key`,
          CAST(6 AS INT64) AS `ch`,
          GREATEST(`t3`.`a`, 0) AS `t`,
          `t3`.`w`,
          `t3`.`s`
        FROM `sweep_spans_6` AS `t3`
      ) AS `t19`
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          `t3`.`key`,
          CAST(6 AS INT64) AS `ch`,
          `t3`.`b` AS `t`,
          -(
            `t3`.`w`
          ) AS `w`,
          -(
            `t3`.`s`
          ) AS `s`
        FROM `sweep_spans_6` AS `t3`
        WHERE
          `t3`.`b` <= `t3`.`final`
      ) AS `t20`
    ) AS `t35`
  ) AS `t42`
) AS `t45`
UNION ALL
SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t4`.`key`,
          CAST(7 AS INT64) AS `ch`,
          GREATEST(`t4`.`a`, 0) AS `t`,
          `t4`.`w`,
          `t4`.`s`
        FROM `sweep_spans_7` AS `t4`
      ) AS `t21`
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          `t4`.`key`,
          CAST(7 AS INT64) AS `ch`,
          `t4`.`b` AS `t`,
          -(
            `t4`.`w`
          ) AS `w`,
          -(
            `t4`.`s`
          ) AS `s`
        FROM `sweep_spans_7` AS `t4`
        WHERE
          `t4`.`b` <= `t4`.`final`
      ) AS `t22`
    ) AS `t36`
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t5`.`key`,
          CAST(8 AS INT64) AS `ch`,
          GREATEST(`t5`.`a`, 0) AS `t`,
          `t5`.`w`,
          `t5`.`s`
        FROM `sweep_spans_8` AS `t5`
      ) AS `t23`
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          `t5`.`key`,
          CAST(8 AS INT64) AS `ch`,
          `t5`.`b` AS `t`,
          -(
            `t5`.`w`
          ) AS `w`,
          -(
            `t5`.`s`
          ) AS `s`
        FROM `sweep_spans_8` AS `t5`
        WHERE
          `t5`.`b` <= `t5`.`final`
      ) AS `t24`
    ) AS `t37`
  ) AS `t43`
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          *
        FROM (
          SELECT
            `t6`.`key`,
            CAST(-1 AS INT64) AS `ch`,
            CAST(0 AS INT64) AS `t`,
            CAST('0.0' AS FLOAT64) AS `w`,
            CAST('0.0' AS FLOAT64) AS `s`
          FROM `sweep_leads` AS `t6`
        ) AS `t12`
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            `t51`.`key`,
            CAST(-2 AS INT64) AS `ch`,
            GREATEST(`t51`.`from_us` - `t51`.`origin`, 0) AS `t`,
            CAST('1.0' AS FLOAT64) AS `w`,
            CAST('0.0' AS FLOAT64) AS `s`
          FROM (
            SELECT
              `t50`.`key`,
              `t50`.`from_us`,
              `t25`.`lead_key`,
              `t25`.`origin`,
              `t25`.`final`
            FROM (
              SELECT
                `t48`.`key`,
                `t48`.`from_us`
              FROM (
                SELECT
                  `t47`.`key`,
                  `t47`.`from_us`,
                  `t47`.`c0`,
                  `t47`.`c1`,
                  (
                    ROW_NUMBER() OVER (PARTITION BY `t47`.`key` ORDER BY `t47`.`from_us` ASC) - 1
                  ) + 1 AS `state`
                FROM (
                  SELECT DISTINCT
                    *
                  FROM (
                    SELECT
                      `t10`.`key`,
                      `t10`.`from_us`,
                      MAX(IF(`t10`.`field` = 'email_type', `t10`.`number`, CAST(NULL AS INT64))) OVER (
                        PARTITION BY `t10`.`key`
                        ORDER BY `t10`.`from_us` ASC
                        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                      ) AS `c0`,
                      MAX(IF(`t10`.`field` = 'employees', `t10`.`number`, CAST(NULL AS INT64))) OVER (
                        PARTITION BY `t10`.`key`
                        ORDER BY `t10`.`from_us` ASC
                        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                      ) AS `c1`
                    FROM `changes_in_order` AS `t10`
                  ) AS `t46`
                ) AS `t47`
              ) AS `t48`
            ) AS `t50`
            INNER JOIN (
              SELECT
                `t6`.`key` AS `lead_key`,
                `t6`.`origin`,
                `t6`.`final`
              FROM `sweep_leads` AS `t6`
            ) AS `t25`
              ON `t50`.`key` = `t25`.`lead_key`
          ) AS `t51`
          WHERE
            (
              `t51`.`from_us` - `t51`.`origin`
            ) <= `t51`.`final`
        ) AS `t52`
      ) AS `t53`
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          *
        FROM (
          SELECT
            `t7`.`key`,
            CAST(0 AS INT64) AS `ch`,
            GREATEST(`t7`.`a`, 0) AS `t`,
            `t7`.`w`,
            `t7`.`s`
          FROM `sweep_spans_0` AS `t7`
        ) AS `t26`
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            `t7`.`key`,
            CAST(0 AS INT64) AS `ch`,
            `t7`.`b` AS `t`,
            -(
              `t7`.`w`
            ) AS `w`,
            -(
              `t7`.`s`
            ) AS `s`
          FROM `sweep_spans_0` AS `t7`
          WHERE
            `t7`.`b` <= `t7`.`final`
        ) AS `t27`
      ) AS `t38`
    ) AS `t54`
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          *
        FROM (
          SELECT
            `t8`.`key`,
            CAST(1 AS INT64) AS `ch`,
            GREATEST(`t8`.`a`, 0) AS `t`,
            `t8`.`w`,
            `t8`.`s`
          FROM `sweep_spans_1` AS `t8`
        ) AS `t28`
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            `t8`.`key`,
            CAST(1 AS INT64) AS `ch`,
            `t8`.`b` AS `t`,
            -(
              `t8`.`w`
            ) AS `w`,
            -(
              `t8`.`s`
            ) AS `s`
          FROM `sweep_spans_1` AS `t8`
          WHERE
            `t8`.`b` <= `t8`.`final`
        ) AS `t29`
      ) AS `t39`
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          *
        FROM (
          SELECT
            `t9`.`key`,
            CAST(2 AS INT64) AS `ch`,
            GREATEST(`t9`.`a`, 0) AS `t`,
            `t9`.`w`,
            `t9`.`s`
          FROM `sweep_spans_2` AS `t9`
        ) AS `t30`
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            `t9`.`key`,
            CAST(2 AS INT64) AS `ch`,
            `t9`.`b` AS `t`,
            -(
              `t9`.`w`
            ) AS `w`,
            -(
              `t9`.`s`
            ) AS `s`
          FROM `sweep_spans_2` AS `t9`
          WHERE
            `t9`.`b` <= `t9`.`final`
        ) AS `t31`
      ) AS `t40`
    ) AS `t44`
  ) AS `t55`
) AS `t56`), `sweep_sums` AS (SELECT
  `t0`.`key`,
  `t0`.`t`,
  SUM(IF(`t0`.`ch` = -2, 1, 0)) OVER (
    PARTITION BY `t0`.`key`
    ORDER BY `t0`.`t` ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS `state`,
  SUM(IF(`t0`.`ch` = 0, `t0`.`w`, CAST('0.0' AS FLOAT64))) OVER (
    PARTITION BY `t0`.`key`
    ORDER BY `t0`.`t` ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS `n0`,
  SUM(IF(`t0`.`ch` = 1, `t0`.`w`, CAST('0.0' AS FLOAT64))) OVER (
    PARTITION BY `t0`.`key`
    ORDER BY `t0`.`t` ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS `n1`,
  SUM(IF(`t0`.`ch` = 2, `t0`.`w`, CAST('0.0' AS FLOAT64))) OVER (
    PARTITION BY `t0`.`key`
    ORDER BY `t0`.`t` ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS `n2`,
  SUM(IF(`t0`.`ch` = 2, `t0`.`s`, CAST('0.0' AS FLOAT64))) OVER (
    PARTITION BY `t0`.`key`
    ORDER BY `t0`.`t` ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS `s2`,
  SUM(IF(`t0`.`ch` = 3, `t0`.`w`, CAST('0.0' AS FLOAT64))) OVER (
    PARTITION BY `t0`.`key`
    ORDER BY `t0`.`t` ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS `n3`,
  SUM(IF(`t0`.`ch` = 4, `t0`.`w`, CAST('0.0' AS FLOAT64))) OVER (
    PARTITION BY `t0`.`key`
    ORDER BY `t0`.`t` ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS `n4`,
  SUM(IF(`t0`.`ch` = 5, `t0`.`w`, CAST('0.0' AS FLOAT64))) OVER (
    PARTITION BY `t0`.`key`
    ORDER BY `t0`.`t` ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS `n5`,
  SUM(IF(`t0`.`ch` = 6, `t0`.`w`, CAST('0.0' AS FLOAT64))) OVER (
    PARTITION BY `t0`.`key`
    ORDER BY `t0`.`t` ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS `n6`,
  SUM(IF(`t0`.`ch` = 7, `t0`.`w`, CAST('0.0' AS FLOAT64))) OVER (
    PARTITION BY `t0`.`key`
    ORDER BY `t0`.`t` ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS `n7`,
  SUM(IF(`t0`.`ch` = 8, `t0`.`w`, CAST('0.0' AS FLOAT64))) OVER (
    PARTITION BY `t0`.`key`
    ORDER BY `t0`.`t` ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS `n8`
FROM `sweep_stream` AS `t0`), `sweep_statics` AS (WITH `t12` AS (
  SELECT
    `t2`.`key`,
    CAST(0 AS INT64) AS `state`,
    IF(
      `t2`.`row_is_current` AND (
        COALESCE(`t10`.`has_c0`, 0) > 0
      ),
      NULLIF(`t2`.`f0`, `t2`.`f0`),
      `t2`.`f0`
    ) AS `f0`,
    IF(
      `t2`.`row_is_current` AND (
        COALESCE(`t10`.`has_c1`, 0) > 0
      ),
      NULLIF(`t2`.`f1`, `t2`.`f1`),
      `t2`.`f1`
    ) AS `f1`,
    `t2`.`f2`,
    `t2`.`f3`,
    `t2`.`f3s`
  FROM `view_leads` AS `t2`
  LEFT OUTER JOIN (
    SELECT
      `t7`.`key` AS `changed_key`,
      `t7`.`has_c0`,
      `t7`.`has_c1`
    FROM (
      SELECT
        `t1`.`key`,
        MAX(IF(`t1`.`field` = 'email_type', 1, 0)) AS `has_c0`,
        MAX(IF(`t1`.`field` = 'employees', 1, 0)) AS `has_c1`
      FROM `changes_in_order` AS `t1`
      GROUP BY
        1
    ) AS `t7`
  ) AS `t10`
    ON `t2`.`key` = `t10`.`changed_key`
)
SELECT
  `t28`.`key` AS `static_key`,
  `t28`.`state` AS `static_state`,
  `t28`.`f0` = 'disposable' AS `x0_0`,
  (
    INSTR(`t28`.`f3s`, ' student ') > 0
  )
  OR (
    INSTR(`t28`.`f3s`, ' intern ') > 0
  ) AS `x0_1`,
  COALESCE(
    CASE
      WHEN (
        `t28`.`f1` IS NOT NULL
      )
      AND (
        `t28`.`f1` >= CAST('0.0' AS FLOAT64)
      )
      AND (
        `t28`.`f1` < CAST('50.0' AS FLOAT64)
      )
      THEN CAST('0.0' AS FLOAT64)
      WHEN (
        `t28`.`f1` IS NOT NULL
      )
      AND (
        `t28`.`f1` >= CAST('50.0' AS FLOAT64)
      )
      AND (
        `t28`.`f1` < CAST('200.0' AS FLOAT64)
      )
      THEN CAST('20.0' AS FLOAT64)
      WHEN (
        `t28`.`f1` IS NOT NULL
      )
      AND (
        `t28`.`f1` >= CAST('200.0' AS FLOAT64)
      )
      AND (
        `t28`.`f1` < CAST('2000.0' AS FLOAT64)
      )
      THEN CAST('40.0' AS FLOAT64)
      WHEN (
        `t28`.`f1` IS NOT NULL
      ) AND (
        `t28`.`f1` >= CAST('2000.0' AS FLOAT64)
      )
      THEN CAST('25.0' AS FLOAT64)
      ELSE CAST('0.0' AS FLOAT64)
    END,
    CAST('0.0' AS FLOAT64)
  ) + COALESCE(
    CASE
      WHEN `t28`.`f2` IS NULL
      THEN CAST('0.0' AS FLOAT64)
      WHEN `t28`.`f2` = 'software'
      THEN CAST('20.0' AS FLOAT64)
      WHEN `t28`.`f2` = 'finance'
      THEN CAST('15.0' AS FLOAT64)
      ELSE CAST('0.0' AS FLOAT64)
    END,
    CAST('0.0' AS FLOAT64)
  ) AS `x0_2`,
  COALESCE(
    CASE
      WHEN (
        INSTR(`t28`.`f3s`, ' chief ') > 0
      )
      OR (
        INSTR(`t28`.`f3s`, ' vp ') > 0
      )
      OR (
        INSTR(`t28`.`f3s`, ' vice president ') > 0
      )
      THEN CAST('40.0' AS FLOAT64)
      WHEN (
        INSTR(`t28`.`f3s`, ' director ') > 0
      )
      OR (
        INSTR(`t28`.`f3s`, ' head ') > 0
      )
      THEN CAST('30.0' AS FLOAT64)
      WHEN INSTR(`t28`.`f3s`, ' manager ') > 0
      THEN CAST('15.0' AS FLOAT64)
      ELSE CAST('0.0' AS FLOAT64)
    END,
    CAST('0.0' AS FLOAT64)
  ) AS `x0_3`
FROM (
  SELECT
    *
  FROM (
    SELECT
      *
    FROM `t12` AS `t14`
  ) AS `t17`
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        `t25`.`key`,
        `t25`.`state`,
        IF(`t25`.`c0` IS NULL, `t19`.`f0`, `t25`.`f0_new`) AS `f0`,
        IF(`t25`.`c1` IS NULL, `t19`.`f1`, `t25`.`f1_new`) AS `f1`,
        `t19`.`f2`,
        `t19`.`f3`,
        `t19`.`f3s`
      FROM (
        SELECT
          `t23`.*
          EXCEPT (`k_c1`, `n_c1`)
        FROM (
          SELECT
            `t22`.`key`,
            `t22`.`from_us`,
            `t22`.`c0`,
            `t22`.`c1`,
            `t22`.`state`,
            `t22`.`f0_new`,
            `t5`.`k_c1`,
            `t5`.`n_c1`,
            `t5`.`f1_new`
          FROM (
            SELECT
              `t20`.*
              EXCEPT (`k_c0`, `n_c0`)
            FROM (
              SELECT
                `t15`.`key`,
                `t15`.`from_us`,
                `t15`.`c0`,
                `t15`.`c1`,
                `t15`.`state`,
                `t6`.`k_c0`,
                `t6`.`n_c0`,
                `t6`.`f0_new`
              FROM (
                SELECT
                  `t11`.`key`,
                  `t11`.`from_us`,
                  `t11`.`c0`,
                  `t11`.`c1`,
                  (
                    ROW_NUMBER() OVER (PARTITION BY `t11`.`key` ORDER BY `t11`.`from_us` ASC) - 1
                  ) + 1 AS `state`
                FROM (
                  SELECT DISTINCT
                    *
                  FROM (
                    SELECT
                      `t1`.`key`,
                      `t1`.`from_us`,
                      MAX(IF(`t1`.`field` = 'email_type', `t1`.`number`, CAST(NULL AS INT64))) OVER (
                        PARTITION BY `t1`.`key`
                        ORDER BY `t1`.`from_us` ASC
                        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                      ) AS `c0`,
                      MAX(IF(`t1`.`field` = 'employees', `t1`.`number`, CAST(NULL AS INT64))) OVER (
                        PARTITION BY `t1`.`key`
                        ORDER BY `t1`.`from_us` ASC
                        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                      ) AS `c1`
                    FROM `changes_in_order` AS `t1`
                  ) AS `t8`
                ) AS `t11`
              ) AS `t15`
              LEFT OUTER JOIN (
                SELECT
                  `t1`.`key` AS `k_c0`,
                  `t1`.`number` AS `n_c0`,
                  `t1`.`f0` AS `f0_new`
                FROM `changes_in_order` AS `t1`
                WHERE
                  `t1`.`field` = 'email_type'
              ) AS `t6`
                ON `t15`.`key` = `t6`.`k_c0` AND `t15`.`c0` = `t6`.`n_c0`
            ) AS `t20`
          ) AS `t22`
          LEFT OUTER JOIN (
            SELECT
              `t1`.`key` AS `k_c1`,
              `t1`.`number` AS `n_c1`,
              `t1`.`f1` AS `f1_new`
            FROM `changes_in_order` AS `t1`
            WHERE
              `t1`.`field` = 'employees'
          ) AS `t5`
            ON `t22`.`key` = `t5`.`k_c1` AND `t22`.`c1` = `t5`.`n_c1`
        ) AS `t23`
      ) AS `t25`
      INNER JOIN (
        SELECT
          `t16`.`key` AS `zero_key`,
          `t16`.`f0`,
          `t16`.`f1`,
          `t16`.`f2`,
          `t16`.`f3`,
          `t16`.`f3s`
        FROM (
          SELECT
            `t14`.*
            EXCEPT (`state`)
          FROM `t12` AS `t14`
        ) AS `t16`
      ) AS `t19`
        ON `t25`.`key` = `t19`.`zero_key`
    ) AS `t26`
  ) AS `t27`
) AS `t28`), `sweep_rows` AS (SELECT
  `t4`.*
  EXCEPT (`static_key`, `static_state`)
FROM (
  SELECT
    `t2`.`key`,
    `t2`.`t`,
    `t2`.`state`,
    `t2`.`n0`,
    `t2`.`n1`,
    `t2`.`n2`,
    `t2`.`s2`,
    `t2`.`n3`,
    `t2`.`n4`,
    `t2`.`n5`,
    `t2`.`n6`,
    `t2`.`n7`,
    `t2`.`n8`,
    `t3`.`static_key`,
    `t3`.`static_state`,
    `t3`.`x0_0`,
    `t3`.`x0_1`,
    `t3`.`x0_2`,
    `t3`.`x0_3`
  FROM `sweep_sums` AS `t2`
  INNER JOIN `sweep_statics` AS `t3`
    ON `t2`.`key` = `t3`.`static_key` AND `t2`.`state` = `t3`.`static_state`
) AS `t4`), `sweep_scores` AS (SELECT
  `t0`.`key`,
  `t0`.`t`,
  `t0`.`state`,
  `t0`.`n0`,
  `t0`.`n1`,
  `t0`.`n2`,
  `t0`.`s2`,
  `t0`.`n3`,
  `t0`.`n4`,
  `t0`.`n5`,
  `t0`.`n6`,
  `t0`.`n7`,
  `t0`.`n8`,
  `t0`.`x0_0`,
  `t0`.`x0_1`,
  `t0`.`x0_2`,
  `t0`.`x0_3`,
  IF(
    ABS(
      GREATEST(
        LEAST(
          (
            CAST('0.0' AS FLOAT64) + LEAST(CAST('0.0' AS FLOAT64) + `t0`.`x0_2`, CAST('60.0' AS FLOAT64)) + LEAST(CAST('0.0' AS FLOAT64) + `t0`.`x0_3`, CAST('40.0' AS FLOAT64))
          ) * CAST('1.0' AS FLOAT64),
          CAST('100.0' AS FLOAT64)
        ),
        CAST('0.0' AS FLOAT64)
      )
    ) < CAST('9000000000.0' AS FLOAT64),
    ieee_divide(
      CAST(CAST(FLOOR(
        (
          GREATEST(
            LEAST(
              (
                CAST('0.0' AS FLOAT64) + LEAST(CAST('0.0' AS FLOAT64) + `t0`.`x0_2`, CAST('60.0' AS FLOAT64)) + LEAST(CAST('0.0' AS FLOAT64) + `t0`.`x0_3`, CAST('40.0' AS FLOAT64))
              ) * CAST('1.0' AS FLOAT64),
              CAST('100.0' AS FLOAT64)
            ),
            CAST('0.0' AS FLOAT64)
          ) * CAST('1000000000.0' AS FLOAT64)
        ) + CAST('0.5' AS FLOAT64)
      ) AS INT64) AS FLOAT64),
      CAST('1000000000.0' AS FLOAT64)
    ),
    GREATEST(
      LEAST(
        (
          CAST('0.0' AS FLOAT64) + LEAST(CAST('0.0' AS FLOAT64) + `t0`.`x0_2`, CAST('60.0' AS FLOAT64)) + LEAST(CAST('0.0' AS FLOAT64) + `t0`.`x0_3`, CAST('40.0' AS FLOAT64))
        ) * CAST('1.0' AS FLOAT64),
        CAST('100.0' AS FLOAT64)
      ),
      CAST('0.0' AS FLOAT64)
    )
  ) AS `score:fit:0`,
  IF(
    ABS(
      GREATEST(
        LEAST(
          (
            CAST('0.0' AS FLOAT64) + LEAST(
              CAST('0.0' AS FLOAT64) + COALESCE(
                `t0`.`n0` * (
                  POWER(
                    CAST('2.0' AS FLOAT64),
                    ieee_divide(-(
                      CAST(`t0`.`t` AS FLOAT64)
                    ), CAST('1209600000000.0' AS FLOAT64))
                  )
                ) * CAST('12.0' AS FLOAT64),
                CAST('0.0' AS FLOAT64)
              ),
              CAST('40.0' AS FLOAT64)
            ) + LEAST(
              CAST('0.0' AS FLOAT64) + COALESCE(
                `t0`.`n1` * (
                  POWER(
                    CAST('2.0' AS FLOAT64),
                    ieee_divide(-(
                      CAST(`t0`.`t` AS FLOAT64)
                    ), CAST('2592000000000.0' AS FLOAT64))
                  )
                ) * CAST('15.0' AS FLOAT64),
                CAST('0.0' AS FLOAT64)
              ) + COALESCE(
                ieee_divide(
                  (
                    `t0`.`n2` * (
                      CAST('2592000000000.0' AS FLOAT64) - CAST(`t0`.`t` AS FLOAT64)
                    )
                  ) + `t0`.`s2`,
                  CAST('2592000000000.0' AS FLOAT64)
                ) * CAST('3.0' AS FLOAT64),
                CAST('0.0' AS FLOAT64)
              ),
              CAST('35.0' AS FLOAT64)
            ) + GREATEST(
              CAST('0.0' AS FLOAT64) + COALESCE(`t0`.`n3` * CAST('-20.0' AS FLOAT64), CAST('0.0' AS FLOAT64)) + COALESCE(
                IF(`t0`.`n4` > CAST('0.0' AS FLOAT64), CAST('-15.0' AS FLOAT64), CAST('0.0' AS FLOAT64)),
                CAST('0.0' AS FLOAT64)
              ),
              CAST('-50.0' AS FLOAT64)
            )
          ) * CAST('1.0' AS FLOAT64),
          CAST('100.0' AS FLOAT64)
        ),
        CAST('-50.0' AS FLOAT64)
      )
    ) < CAST('9000000000.0' AS FLOAT64),
    ieee_divide(
      CAST(CAST(FLOOR(
        (
          GREATEST(
            LEAST(
              (
                CAST('0.0' AS FLOAT64) + LEAST(
                  CAST('0.0' AS FLOAT64) + COALESCE(
                    `t0`.`n0` * (
                      POWER(
                        CAST('2.0' AS FLOAT64),
                        ieee_divide(-(
                          CAST(`t0`.`t` AS FLOAT64)
                        ), CAST('1209600000000.0' AS FLOAT64))
                      )
                    ) * CAST('12.0' AS FLOAT64),
                    CAST('0.0' AS FLOAT64)
                  ),
                  CAST('40.0' AS FLOAT64)
                ) + LEAST(
                  CAST('0.0' AS FLOAT64) + COALESCE(
                    `t0`.`n1` * (
                      POWER(
                        CAST('2.0' AS FLOAT64),
                        ieee_divide(-(
                          CAST(`t0`.`t` AS FLOAT64)
                        ), CAST('2592000000000.0' AS FLOAT64))
                      )
                    ) * CAST('15.0' AS FLOAT64),
                    CAST('0.0' AS FLOAT64)
                  ) + COALESCE(
                    ieee_divide(
                      (
                        `t0`.`n2` * (
                          CAST('2592000000000.0' AS FLOAT64) - CAST(`t0`.`t` AS FLOAT64)
                        )
                      ) + `t0`.`s2`,
                      CAST('2592000000000.0' AS FLOAT64)
                    ) * CAST('3.0' AS FLOAT64),
                    CAST('0.0' AS FLOAT64)
                  ),
                  CAST('35.0' AS FLOAT64)
                ) + GREATEST(
                  CAST('0.0' AS FLOAT64) + COALESCE(`t0`.`n3` * CAST('-20.0' AS FLOAT64), CAST('0.0' AS FLOAT64)) + COALESCE(
                    IF(`t0`.`n4` > CAST('0.0' AS FLOAT64), CAST('-15.0' AS FLOAT64), CAST('0.0' AS FLOAT64)),
                    CAST('0.0' AS FLOAT64)
                  ),
                  CAST('-50.0' AS FLOAT64)
                )
              ) * CAST('1.0' AS FLOAT64),
              CAST('100.0' AS FLOAT64)
            ),
            CAST('-50.0' AS FLOAT64)
          ) * CAST('1000000000.0' AS FLOAT64)
        ) + CAST('0.5' AS FLOAT64)
      ) AS INT64) AS FLOAT64),
      CAST('1000000000.0' AS FLOAT64)
    ),
    GREATEST(
      LEAST(
        (
          CAST('0.0' AS FLOAT64) + LEAST(
            CAST('0.0' AS FLOAT64) + COALESCE(
              `t0`.`n0` * (
                POWER(
                  CAST('2.0' AS FLOAT64),
                  ieee_divide(-(
                    CAST(`t0`.`t` AS FLOAT64)
                  ), CAST('1209600000000.0' AS FLOAT64))
                )
              ) * CAST('12.0' AS FLOAT64),
              CAST('0.0' AS FLOAT64)
            ),
            CAST('40.0' AS FLOAT64)
          ) + LEAST(
            CAST('0.0' AS FLOAT64) + COALESCE(
              `t0`.`n1` * (
                POWER(
                  CAST('2.0' AS FLOAT64),
                  ieee_divide(-(
                    CAST(`t0`.`t` AS FLOAT64)
                  ), CAST('2592000000000.0' AS FLOAT64))
                )
              ) * CAST('15.0' AS FLOAT64),
              CAST('0.0' AS FLOAT64)
            ) + COALESCE(
              ieee_divide(
                (
                  `t0`.`n2` * (
                    CAST('2592000000000.0' AS FLOAT64) - CAST(`t0`.`t` AS FLOAT64)
                  )
                ) + `t0`.`s2`,
                CAST('2592000000000.0' AS FLOAT64)
              ) * CAST('3.0' AS FLOAT64),
              CAST('0.0' AS FLOAT64)
            ),
            CAST('35.0' AS FLOAT64)
          ) + GREATEST(
            CAST('0.0' AS FLOAT64) + COALESCE(`t0`.`n3` * CAST('-20.0' AS FLOAT64), CAST('0.0' AS FLOAT64)) + COALESCE(
              IF(`t0`.`n4` > CAST('0.0' AS FLOAT64), CAST('-15.0' AS FLOAT64), CAST('0.0' AS FLOAT64)),
              CAST('0.0' AS FLOAT64)
            ),
            CAST('-50.0' AS FLOAT64)
          )
        ) * CAST('1.0' AS FLOAT64),
        CAST('100.0' AS FLOAT64)
      ),
      CAST('-50.0' AS FLOAT64)
    )
  ) AS `score:engagement:0`
FROM `sweep_rows` AS `t0`), `sweep_grades` AS (SELECT
  `t0`.`key`,
  `t0`.`t`,
  `t0`.`state`,
  `t0`.`n0`,
  `t0`.`n1`,
  `t0`.`n2`,
  `t0`.`s2`,
  `t0`.`n3`,
  `t0`.`n4`,
  `t0`.`n5`,
  `t0`.`n6`,
  `t0`.`n7`,
  `t0`.`n8`,
  `t0`.`x0_0`,
  `t0`.`x0_1`,
  `t0`.`x0_2`,
  `t0`.`x0_3`,
  `t0`.`score:fit:0`,
  `t0`.`score:engagement:0`,
  CASE
    WHEN `t0`.`score:fit:0` >= CAST('70.0' AS FLOAT64)
    THEN CAST('2.0' AS FLOAT64)
    WHEN `t0`.`score:fit:0` >= CAST('40.0' AS FLOAT64)
    THEN CAST('1.0' AS FLOAT64)
    WHEN `t0`.`score:fit:0` >= CAST('0.0' AS FLOAT64)
    THEN CAST('0.0' AS FLOAT64)
    ELSE CAST(NULL AS FLOAT64)
  END AS `grade:fit:0`,
  CASE
    WHEN `t0`.`score:engagement:0` >= CAST('50.0' AS FLOAT64)
    THEN CAST('2.0' AS FLOAT64)
    WHEN `t0`.`score:engagement:0` >= CAST('25.0' AS FLOAT64)
    THEN CAST('1.0' AS FLOAT64)
    WHEN `t0`.`score:engagement:0` >= CAST('-50.0' AS FLOAT64)
    THEN CAST('0.0' AS FLOAT64)
    ELSE CAST(NULL AS FLOAT64)
  END AS `grade:engagement:0`
FROM `sweep_scores` AS `t0`), `sweep_gates` AS (SELECT
  `t0`.`key`,
  `t0`.`t`,
  `t0`.`state`,
  `t0`.`n0`,
  `t0`.`n1`,
  `t0`.`n2`,
  `t0`.`s2`,
  `t0`.`n3`,
  `t0`.`n4`,
  `t0`.`n5`,
  `t0`.`n6`,
  `t0`.`n7`,
  `t0`.`n8`,
  `t0`.`x0_0`,
  `t0`.`x0_1`,
  `t0`.`x0_2`,
  `t0`.`x0_3`,
  `t0`.`score:fit:0`,
  `t0`.`score:engagement:0`,
  `t0`.`grade:fit:0`,
  `t0`.`grade:engagement:0`,
  COALESCE(`t0`.`x0_0`, FALSE) AS `fired:0:0`,
  COALESCE(`t0`.`x0_0`, FALSE) AS `stops:0:0`,
  COALESCE(`t0`.`x0_1`, FALSE) AS `fired:1:0`,
  COALESCE(`t0`.`x0_1`, FALSE) AS `stops:1:0`
FROM `sweep_grades` AS `t0`), `sweep_paths` AS (SELECT
  `t0`.`key`,
  `t0`.`t`,
  `t0`.`state`,
  `t0`.`n0`,
  `t0`.`n1`,
  `t0`.`n2`,
  `t0`.`s2`,
  `t0`.`n3`,
  `t0`.`n4`,
  `t0`.`n5`,
  `t0`.`n6`,
  `t0`.`n7`,
  `t0`.`n8`,
  `t0`.`x0_0`,
  `t0`.`x0_1`,
  `t0`.`x0_2`,
  `t0`.`x0_3`,
  `t0`.`score:fit:0`,
  `t0`.`score:engagement:0`,
  `t0`.`grade:fit:0`,
  `t0`.`grade:engagement:0`,
  `t0`.`fired:0:0`,
  `t0`.`stops:0:0`,
  `t0`.`fired:1:0`,
  `t0`.`stops:1:0`,
  CASE
    WHEN `t0`.`stops:0:0` OR `t0`.`stops:1:0`
    THEN CAST(NULL AS INT64)
    WHEN (
      `t0`.`grade:fit:0` = CAST('2.0' AS FLOAT64)
    )
    AND (
      `t0`.`grade:engagement:0` = CAST('2.0' AS FLOAT64)
    )
    THEN CAST(0 AS INT64)
    WHEN (
      `t0`.`grade:fit:0` = CAST('2.0' AS FLOAT64)
    )
    AND (
      `t0`.`grade:engagement:0` = CAST('1.0' AS FLOAT64)
    )
    THEN CAST(1 AS INT64)
    WHEN (
      `t0`.`grade:fit:0` = CAST('1.0' AS FLOAT64)
    )
    AND (
      `t0`.`grade:engagement:0` = CAST('2.0' AS FLOAT64)
    )
    THEN CAST(2 AS INT64)
    ELSE CAST(NULL AS INT64)
  END AS `path:0`
FROM `sweep_gates` AS `t0`), `sweep_found` AS (SELECT
  `t0`.`key`,
  COUNT(*) AS `instants`,
  MIN(IF(`t0`.`path:0` IS NOT NULL, `t0`.`t`, NULL)) AS `t_0`,
  MIN_BY(
    IF(`t0`.`path:0` IS NOT NULL, `t0`.`path:0`, NULL),
    IF(`t0`.`path:0` IS NOT NULL, `t0`.`t`, NULL)
  ) AS `code_0`
FROM `sweep_paths` AS `t0`
GROUP BY
  1) SELECT * FROM (SELECT
  `t6`.`key`,
  `t6`.`origin` + IF(`t6`.`t_0` <= `t6`.`last`, `t6`.`t_0`, CAST(NULL AS INT64)) AS `at_0`,
  CASE
    WHEN IF(
      IF(`t6`.`t_0` <= `t6`.`last`, `t6`.`t_0`, CAST(NULL AS INT64)) IS NOT NULL,
      `t6`.`code_0`,
      CAST(NULL AS INT64)
    ) = 0
    THEN 'matrix:A1'
    WHEN IF(
      IF(`t6`.`t_0` <= `t6`.`last`, `t6`.`t_0`, CAST(NULL AS INT64)) IS NOT NULL,
      `t6`.`code_0`,
      CAST(NULL AS INT64)
    ) = 1
    THEN 'matrix:A2'
    WHEN IF(
      IF(`t6`.`t_0` <= `t6`.`last`, `t6`.`t_0`, CAST(NULL AS INT64)) IS NOT NULL,
      `t6`.`code_0`,
      CAST(NULL AS INT64)
    ) = 2
    THEN 'matrix:B1'
    ELSE CAST(NULL AS STRING)
  END AS `path_0`
FROM (
  SELECT
    `t5`.*
    EXCEPT (`end_key`)
  FROM (
    SELECT
      `t2`.`key`,
      `t2`.`instants`,
      `t2`.`t_0`,
      `t2`.`code_0`,
      `t4`.`end_key`,
      `t4`.`origin`,
      `t4`.`last`
    FROM `sweep_found` AS `t2`
    INNER JOIN (
      SELECT
        `t1`.`key` AS `end_key`,
        `t1`.`origin`,
        `t1`.`last`
      FROM `sweep_leads` AS `t1`
    ) AS `t4`
      ON `t2`.`key` = `t4`.`end_key`
  ) AS `t5`
) AS `t6`) AS last_step;