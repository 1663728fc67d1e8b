-- changes_in_order
SELECT
  `t1`.`key`,
  `t1`.`field`,
  `t1`.`from_us`,
  `t1`.`f0`,
  `t1`.`f1`,
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
    `t0`.`field` IN ('employees', 'seniority')
) AS `t1`;
-- crossings
WITH `sweep_leads` AS (SELECT
  `t1`.`key`,
  `t1`.`lead_id`,
  `t1`.`account`,
  `t1`.`whole`,
  `t1`.`origin`,
  `t1`.`last`,
  `t1`.`last` AS `final`,
  `t1`.`begun`,
  `t1`.`created_us` - `t1`.`origin` AS `created`
FROM (
  SELECT
    `t0`.`key`,
    `t0`.`start_us`,
    `t0`.`until_us`,
    `t0`.`lead_id`,
    `t0`.`account`,
    `t0`.`whole`,
    `t0`.`created_us`,
    `t0`.`row_is_current`,
    `t0`.`f0`,
    `t0`.`f1`,
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
  FROM `view_leads` AS `t0`
) AS `t1`), `sweep_events` AS (SELECT
  `t1`.`key`,
  `t1`.`name`,
  `t1`.`p0`,
  `t1`.`last` AS `final`,
  `t1`.`occurred_us` - `t1`.`origin` AS `occ`,
  `t1`.`known_us` - `t1`.`origin` AS `known`
FROM (
  SELECT
    `t0`.`key`,
    `t0`.`start_us`,
    `t0`.`until_us`,
    `t0`.`name`,
    `t0`.`occurred_us`,
    `t0`.`known_us`,
    `t0`.`p0`,
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
    `t0`.`name` IN ('page_view', 'webinar_attended')
) AS `t1`
WHERE
  (
    `t1`.`known_us` - `t1`.`origin`
  ) <= `t1`.`last`), `sweep_spans_0` AS (SELECT
  `t0`.`key`,
  `t0`.`known` AS `a`,
  `t0`.`occ` + 2592000000000 AS `b`,
  CAST('1.0' AS FLOAT64) AS `w`,
  CAST('0.0' AS FLOAT64) AS `s`,
  `t0`.`final`
FROM `sweep_events` AS `t0`
WHERE
  `t0`.`name` IN ('page_view')
  AND COALESCE(`t0`.`p0` = '/pricing', FALSE)
  AND `t0`.`known` <= `t0`.`final`
  AND NOT (
    COALESCE(
      (
        (
          `t0`.`occ` + 2592000000000
        ) IS NOT NULL
      )
      AND (
        (
          (
            `t0`.`occ` + 2592000000000
          ) <= `t0`.`known`
        )
        OR (
          (
            `t0`.`occ` + 2592000000000
          ) <= 0
        )
      ),
      FALSE
    )
  )), `sweep_spans_1` AS (SELECT
  `t0`.`key`,
  `t0`.`known` AS `a`,
  `t0`.`occ` + 7776000000000 AS `b`,
  CAST('1.0' AS FLOAT64) AS `w`,
  CAST('0.0' AS FLOAT64) AS `s`,
  `t0`.`final`
FROM `sweep_events` AS `t0`
WHERE
  `t0`.`name` IN ('webinar_attended')
  AND `t0`.`known` <= `t0`.`final`
  AND NOT (
    COALESCE(
      (
        (
          `t0`.`occ` + 7776000000000
        ) IS NOT NULL
      )
      AND (
        (
          (
            `t0`.`occ` + 7776000000000
          ) <= `t0`.`known`
        )
        OR (
          (
            `t0`.`occ` + 7776000000000
          ) <= 0
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
      `t0`.`key`,
      CAST(1 AS INT64) AS `ch`,
      GREATEST(`t0`.`a`, 0) AS `t`,
      `t0`.`w`
    FROM `sweep_spans_1` AS `t0`
  ) AS `t6`
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      `t0`.`key`,
      CAST(1 AS INT64) AS `ch`,
      `t0`.`b` AS `t`,
      -(
        `t0`.`w`
      ) AS `w`
    FROM `sweep_spans_1` AS `t0`
    WHERE
      `t0`.`b` <= `t0`.`final`
  ) AS `t7`
) AS `t11`
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
        `t1`.`key`,
        CAST(-1 AS INT64) AS `ch`,
        CAST(0 AS INT64) AS `t`,
        CAST('0.0' AS FLOAT64) AS `w`
      FROM `sweep_leads` AS `t1`
    ) AS `t5`
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        `t18`.`key`,
        CAST(-2 AS INT64) AS `ch`,
        GREATEST(`t18`.`from_us` - `t18`.`origin`, 0) AS `t`,
        CAST('1.0' AS FLOAT64) AS `w`
      FROM (
        SELECT
          `t17`.`key`,
          `t17`.`from_us`,
          `t8`.`lead_key`,
          `t8`.`origin`,
          `t8`.`final`
        FROM (
          SELECT
            `t15`.`key`,
            `t15`.`from_us`
          FROM (
            SELECT
              `t14`.`key`,
              `t14`.`from_us`,
              `t14`.`c0`,
              `t14`.`c1`,
              (
                ROW_NUMBER() OVER (PARTITION BY `t14`.`key` ORDER BY `t14`.`from_us` ASC) - 1
              ) + 1 AS `state`
            FROM (
              SELECT DISTINCT
                *
              FROM (
                SELECT
                  `t3`.`key`,
                  `t3`.`from_us`,
                  MAX(IF(`t3`.`field` = 'employees', `t3`.`number`, CAST(NULL AS INT64))) OVER (
                    PARTITION BY `t3`.`key`
                    ORDER BY `t3`.`from_us` ASC
                    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                  ) AS `c0`,
                  MAX(IF(`t3`.`field` = 'seniority', `t3`.`number`, CAST(NULL AS INT64))) OVER (
                    PARTITION BY `t3`.`key`
                    ORDER BY `t3`.`from_us` ASC
                    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                  ) AS `c1`
                FROM `changes_in_order` AS `t3`
              ) AS `t13`
            ) AS `t14`
          ) AS `t15`
        ) AS `t17`
        INNER JOIN (
          SELECT
            `t1`.`key` AS `lead_key`,
            `t1`.`origin`,
            `t1`.`final`
          FROM `sweep_leads` AS `t1`
        ) AS `t8`
          ON `t17`.`key` = `t8`.`lead_key`
      ) AS `t18`
      WHERE
        (
          `t18`.`from_us` - `t18`.`origin`
        ) <= `t18`.`final`
    ) AS `t19`
  ) AS `t20`
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        `t2`.`key`,
        CAST(0 AS INT64) AS `ch`,
        GREATEST(`t2`.`a`, 0) AS `t`,
        `t2`.`w`
      FROM `sweep_spans_0` AS `t2`
    ) AS `t9`
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        `t2`.`key`,
        CAST(0 AS INT64) AS `ch`,
        `t2`.`b` AS `t`,
        -(
          `t2`.`w`
        ) AS `w`
      FROM `sweep_spans_0` AS `t2`
      WHERE
        `t2`.`b` <= `t2`.`final`
    ) AS `t10`
  ) AS `t12`
) AS `t21`), `sweep_sums` AS (SELECT
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
  ) AS `n1`
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
    ) AS `f1`
  FROM `view_leads` AS `t2`
  LEFT OUTER JOIN (
    SELECT
      `t7`.`key` AS `changed_key`,
      `t7`.`has_c0`,
      `t7`.`has_c1`
    FROM (
      SELECT
        `t1`.`key`,
        MAX(IF(`t1`.`field` = 'employees', 1, 0)) AS `has_c0`,
        MAX(IF(`t1`.`field` = 'seniority', 1, 0)) AS `has_c1`
      FROM `changes_in_order` AS `t1`
      GROUP BY
        1
    ) AS `t7`
  ) AS `t10`
    ON `t2`.`key` = `t10`.`changed_key`
)
SELECT
  `t27`.`key` AS `static_key`,
  `t27`.`state` AS `static_state`,
  LOG(
    IF(
      COALESCE(`t27`.`f0`, CAST('120.0' AS FLOAT64)) > CAST('0.0' AS FLOAT64),
      COALESCE(`t27`.`f0`, CAST('120.0' AS FLOAT64)),
      CAST(NULL AS FLOAT64)
    ),
    10
  ) AS `x0_0`,
  `t27`.`f0` IS NULL AS `x0_1`,
  COALESCE(`t27`.`f1`, 'ic') IN ('c_level', 'vp') AS `x0_2`,
  CAST('-4.6' AS FLOAT64) + COALESCE(
    CASE
      WHEN (
        ABS(
          LOG(
            IF(
              COALESCE(`t27`.`f0`, CAST('120.0' AS FLOAT64)) > CAST('0.0' AS FLOAT64),
              COALESCE(`t27`.`f0`, CAST('120.0' AS FLOAT64)),
              CAST(NULL AS FLOAT64)
            ),
            10
          )
        ) < CAST('1.0' AS FLOAT64)
      )
      AND (
        ABS(CAST('0.35' AS FLOAT64)) < CAST('1.0' AS FLOAT64)
      )
      AND (
        (
          ABS(
            LOG(
              IF(
                COALESCE(`t27`.`f0`, CAST('120.0' AS FLOAT64)) > CAST('0.0' AS FLOAT64),
                COALESCE(`t27`.`f0`, CAST('120.0' AS FLOAT64)),
                CAST(NULL AS FLOAT64)
              ),
              10
            )
          ) < CAST('1e-150' AS FLOAT64)
        )
        OR (
          ABS(CAST('0.35' AS FLOAT64)) < CAST('1e-150' AS FLOAT64)
        )
      )
      THEN CAST('0.0' AS FLOAT64)
      WHEN ABS(CAST('0.35' AS FLOAT64)) <= ieee_divide(
        CAST('1.7976931348623157e+308' AS FLOAT64),
        GREATEST(
          ABS(
            LOG(
              IF(
                COALESCE(`t27`.`f0`, CAST('120.0' AS FLOAT64)) > CAST('0.0' AS FLOAT64),
                COALESCE(`t27`.`f0`, CAST('120.0' AS FLOAT64)),
                CAST(NULL AS FLOAT64)
              ),
              10
            )
          ),
          CAST('1.0' AS FLOAT64)
        )
      )
      THEN LOG(
        IF(
          COALESCE(`t27`.`f0`, CAST('120.0' AS FLOAT64)) > CAST('0.0' AS FLOAT64),
          COALESCE(`t27`.`f0`, CAST('120.0' AS FLOAT64)),
          CAST(NULL AS FLOAT64)
        ),
        10
      ) * CAST('0.35' AS FLOAT64)
      ELSE CAST(NULL AS FLOAT64)
    END,
    CAST('0.0' AS FLOAT64)
  ) + COALESCE(
    CASE
      WHEN (
        ABS(IF(`t27`.`f0` IS NULL, CAST('1.0' AS FLOAT64), CAST('0.0' AS FLOAT64))) < CAST('1.0' AS FLOAT64)
      )
      AND (
        ABS(CAST('-0.6' AS FLOAT64)) < CAST('1.0' AS FLOAT64)
      )
      AND (
        (
          ABS(IF(`t27`.`f0` IS NULL, CAST('1.0' AS FLOAT64), CAST('0.0' AS FLOAT64))) < CAST('1e-150' AS FLOAT64)
        )
        OR (
          ABS(CAST('-0.6' AS FLOAT64)) < CAST('1e-150' AS FLOAT64)
        )
      )
      THEN CAST('0.0' AS FLOAT64)
      WHEN ABS(CAST('-0.6' AS FLOAT64)) <= ieee_divide(
        CAST('1.7976931348623157e+308' AS FLOAT64),
        GREATEST(
          ABS(IF(`t27`.`f0` IS NULL, CAST('1.0' AS FLOAT64), CAST('0.0' AS FLOAT64))),
          CAST('1.0' AS FLOAT64)
        )
      )
      THEN IF(`t27`.`f0` IS NULL, CAST('1.0' AS FLOAT64), CAST('0.0' AS FLOAT64)) * CAST('-0.6' AS FLOAT64)
      ELSE CAST(NULL AS FLOAT64)
    END,
    CAST('0.0' AS FLOAT64)
  ) + COALESCE(
    CASE
      WHEN (
        ABS(
          IF(
            COALESCE(`t27`.`f1`, 'ic') IN ('c_level', 'vp'),
            CAST('1.0' AS FLOAT64),
            CAST('0.0' AS FLOAT64)
          )
        ) < CAST('1.0' AS FLOAT64)
      )
      AND (
        ABS(CAST('0.9' AS FLOAT64)) < CAST('1.0' AS FLOAT64)
      )
      AND (
        (
          ABS(
            IF(
              COALESCE(`t27`.`f1`, 'ic') IN ('c_level', 'vp'),
              CAST('1.0' AS FLOAT64),
              CAST('0.0' AS FLOAT64)
            )
          ) < CAST('1e-150' AS FLOAT64)
        )
        OR (
          ABS(CAST('0.9' AS FLOAT64)) < CAST('1e-150' AS FLOAT64)
        )
      )
      THEN CAST('0.0' AS FLOAT64)
      WHEN ABS(CAST('0.9' AS FLOAT64)) <= ieee_divide(
        CAST('1.7976931348623157e+308' AS FLOAT64),
        GREATEST(
          ABS(
            IF(
              COALESCE(`t27`.`f1`, 'ic') IN ('c_level', 'vp'),
              CAST('1.0' AS FLOAT64),
              CAST('0.0' AS FLOAT64)
            )
          ),
          CAST('1.0' AS FLOAT64)
        )
      )
      THEN IF(
        COALESCE(`t27`.`f1`, 'ic') IN ('c_level', 'vp'),
        CAST('1.0' AS FLOAT64),
        CAST('0.0' AS FLOAT64)
      ) * CAST('0.9' AS FLOAT64)
      ELSE CAST(NULL AS FLOAT64)
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
  ) AS `t16`
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        `t24`.`key`,
        `t24`.`state`,
        IF(`t24`.`c0` IS NULL, `t18`.`f0`, `t24`.`f0_new`) AS `f0`,
        IF(`t24`.`c1` IS NULL, `t18`.`f1`, `t24`.`f1_new`) AS `f1`
      FROM (
        SELECT
          `t22`.*
          EXCEPT (`k_c1`, `n_c1`)
        FROM (
          SELECT
            `t21`.`key`,
            `t21`.`from_us`,
            `t21`.`c0`,
            `t21`.`c1`,
            `t21`.`state`,
            `t21`.`f0_new`,
            `t5`.`k_c1`,
            `t5`.`n_c1`,
            `t5`.`f1_new`
          FROM (
            SELECT
              `t19`.*
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
                      MAX(IF(`t1`.`field` = 'employees', `t1`.`number`, CAST(NULL AS INT64))) OVER (
                        PARTITION BY `t1`.`key`
                        ORDER BY `t1`.`from_us` ASC
                        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                      ) AS `c0`,
                      MAX(IF(`t1`.`field` = 'seniority', `t1`.`number`, CAST(NULL AS INT64))) OVER (
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
                  `t1`.`field` = 'employees'
              ) AS `t6`
                ON `t15`.`key` = `t6`.`k_c0` AND `t15`.`c0` = `t6`.`n_c0`
            ) AS `t19`
          ) AS `t21`
          LEFT OUTER JOIN (
            SELECT
              `t1`.`key` AS `k_c1`,
              `t1`.`number` AS `n_c1`,
              `t1`.`f1` AS `f1_new`
            FROM `changes_in_order` AS `t1`
            WHERE
              `t1`.`field` = 'seniority'
          ) AS `t5`
            ON `t21`.`key` = `t5`.`k_c1` AND `t21`.`c1` = `t5`.`n_c1`
        ) AS `t22`
      ) AS `t24`
      INNER JOIN (
        SELECT
          `t14`.`key` AS `zero_key`,
          `t14`.`f0`,
          `t14`.`f1`
        FROM `t12` AS `t14`
      ) AS `t18`
        ON `t24`.`key` = `t18`.`zero_key`
    ) AS `t25`
  ) AS `t26`
) AS `t27`), `sweep_rows` AS (SELECT
  `t4`.*
  EXCEPT (`static_key`, `static_state`)
FROM (
  SELECT
    `t2`.`key`,
    `t2`.`t`,
    `t2`.`state`,
    `t2`.`n0`,
    `t2`.`n1`,
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
  `t0`.`x0_0`,
  `t0`.`x0_1`,
  `t0`.`x0_2`,
  `t0`.`x0_3`,
  ieee_divide(
    CAST('1.0' AS FLOAT64),
    CAST('1.0' AS FLOAT64) + EXP(
      -(
        GREATEST(
          LEAST(
            `t0`.`x0_3` + COALESCE(
              CASE
                WHEN (
                  ABS(
                    LN(
                      IF(`t0`.`n0` > CAST('-1.0' AS FLOAT64), `t0`.`n0`, CAST(NULL AS FLOAT64)) + CAST('1.0' AS FLOAT64)
                    )
                  ) < CAST('1.0' AS FLOAT64)
                )
                AND (
                  ABS(CAST('0.55' AS FLOAT64)) < CAST('1.0' AS FLOAT64)
                )
                AND (
                  (
                    ABS(
                      LN(
                        IF(`t0`.`n0` > CAST('-1.0' AS FLOAT64), `t0`.`n0`, CAST(NULL AS FLOAT64)) + CAST('1.0' AS FLOAT64)
                      )
                    ) < CAST('1e-150' AS FLOAT64)
                  )
                  OR (
                    ABS(CAST('0.55' AS FLOAT64)) < CAST('1e-150' AS FLOAT64)
                  )
                )
                THEN CAST('0.0' AS FLOAT64)
                WHEN ABS(CAST('0.55' AS FLOAT64)) <= ieee_divide(
                  CAST('1.7976931348623157e+308' AS FLOAT64),
                  GREATEST(
                    ABS(
                      LN(
                        IF(`t0`.`n0` > CAST('-1.0' AS FLOAT64), `t0`.`n0`, CAST(NULL AS FLOAT64)) + CAST('1.0' AS FLOAT64)
                      )
                    ),
                    CAST('1.0' AS FLOAT64)
                  )
                )
                THEN LN(
                  IF(`t0`.`n0` > CAST('-1.0' AS FLOAT64), `t0`.`n0`, CAST(NULL AS FLOAT64)) + CAST('1.0' AS FLOAT64)
                ) * CAST('0.55' AS FLOAT64)
                ELSE CAST(NULL AS FLOAT64)
              END,
              CAST('0.0' AS FLOAT64)
            ) + COALESCE(
              CASE
                WHEN (
                  ABS(
                    IF(`t0`.`n1` > CAST('0.0' AS FLOAT64), CAST('1.0' AS FLOAT64), CAST('0.0' AS FLOAT64))
                  ) < CAST('1.0' AS FLOAT64)
                )
                AND (
                  ABS(CAST('0.8' AS FLOAT64)) < CAST('1.0' AS FLOAT64)
                )
                AND (
                  (
                    ABS(
                      IF(`t0`.`n1` > CAST('0.0' AS FLOAT64), CAST('1.0' AS FLOAT64), CAST('0.0' AS FLOAT64))
                    ) < CAST('1e-150' AS FLOAT64)
                  )
                  OR (
                    ABS(CAST('0.8' AS FLOAT64)) < CAST('1e-150' AS FLOAT64)
                  )
                )
                THEN CAST('0.0' AS FLOAT64)
                WHEN ABS(CAST('0.8' AS FLOAT64)) <= ieee_divide(
                  CAST('1.7976931348623157e+308' AS FLOAT64),
                  GREATEST(
                    ABS(
                      IF(`t0`.`n1` > CAST('0.0' AS FLOAT64), CAST('1.0' AS FLOAT64), CAST('0.0' AS FLOAT64))
                    ),
                    CAST('1.0' AS FLOAT64)
                  )
                )
                THEN IF(`t0`.`n1` > CAST('0.0' AS FLOAT64), CAST('1.0' AS FLOAT64), CAST('0.0' AS FLOAT64)) * CAST('0.8' AS FLOAT64)
                ELSE CAST(NULL AS FLOAT64)
              END,
              CAST('0.0' AS FLOAT64)
            ),
            CAST('700.0' AS FLOAT64)
          ),
          CAST('-700.0' AS FLOAT64)
        )
      )
    )
  ) AS `probability:0`
FROM `sweep_rows` AS `t0`), `sweep_paths` AS (SELECT
  `t0`.`key`,
  `t0`.`t`,
  `t0`.`state`,
  `t0`.`n0`,
  `t0`.`n1`,
  `t0`.`x0_0`,
  `t0`.`x0_1`,
  `t0`.`x0_2`,
  `t0`.`x0_3`,
  `t0`.`probability:0`,
  CASE
    WHEN IF(
      ABS(`t0`.`probability:0`) < CAST('9000000000.0' AS FLOAT64),
      CAST(CAST(FLOOR(
        (
          `t0`.`probability:0` * CAST('1000000000.0' AS FLOAT64)
        ) + CAST('0.5' AS FLOAT64)
      ) AS INT64) AS FLOAT64),
      (
        `t0`.`probability:0` * CAST('1000000000.0' AS FLOAT64)
      ) + CAST('0.5' AS FLOAT64)
    ) >= CAST('80000000.0' AS FLOAT64)
    THEN CAST(0 AS INT64)
    ELSE CAST(NULL AS INT64)
  END AS `path:0`
FROM `sweep_scores` AS `t0`), `sweep_found` AS (SELECT
  `t0`.`key`,
  COUNT(*) AS `instants`,
  MIN(IF(`t0`.`path:0` IS NOT NULL, `t0`.`t`, NULL)) AS `t_0`
FROM `sweep_paths` AS `t0`
GROUP BY
  1) SELECT * FROM (SELECT
  `t6`.`key`,
  `t6`.`origin` + IF(`t6`.`t_0` <= `t6`.`last`, `t6`.`t_0`, CAST(NULL AS INT64)) AS `at_0`,
  CASE
    WHEN IF(
      IF(`t6`.`t_0` <= `t6`.`last`, `t6`.`t_0`, CAST(NULL AS INT64)) IS NOT NULL,
      IF(
        IF(`t6`.`t_0` <= `t6`.`last`, `t6`.`t_0`, CAST(NULL AS INT64)) IS NOT NULL,
        0,
        CAST(NULL AS INT64)
      ),
      CAST(NULL AS INT64)
    ) = 0
    THEN 'model'
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