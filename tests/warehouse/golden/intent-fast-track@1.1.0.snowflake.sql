-- changes_in_order
SELECT
  "t1"."key",
  "t1"."field",
  "t1"."from_us",
  "t1"."f0",
  "t1"."f1",
  "t1"."f2",
  "t1"."f3",
  "t1"."f3s",
  (
    ROW_NUMBER() OVER (
      PARTITION BY "t1"."key", "t1"."field"
      ORDER BY "t1"."changed_us" ASC, "t1"."known_us" ASC, IFF("t1"."has_value", 1, 0) ASC, "t1"."text" ASC
    ) - 1
  ) + 1 AS "number"
FROM (
  SELECT
    *
  FROM "view_changes" AS "t0"
  WHERE
    "t0"."field" IN ('email_type', 'employees', 'industry', 'title')
) AS "t1";
-- crossings
WITH "sweep_leads" AS (SELECT
  "t0"."key",
  "t0"."lead_id",
  "t0"."account",
  "t0"."whole",
  LEAST("t0"."start_us", 1798761600000000) AS "origin",
  IFF(
    "t0"."start_us" <= 1798761600000000,
    IFF(
      "t0"."until_us" IS NULL,
      1798761600000000,
      LEAST(1798761600000000, "t0"."until_us" - 1)
    ) - LEAST("t0"."start_us", 1798761600000000),
    -1
  ) AS "last",
  IFF(
    "t0"."start_us" <= 1798761600000000,
    IFF(
      "t0"."until_us" IS NULL,
      1798761600000000,
      LEAST(1798761600000000, "t0"."until_us" - 1)
    ) - LEAST("t0"."start_us", 1798761600000000),
    -1
  ) AS "final",
  "t0"."start_us" <= 1798761600000000 AS "begun",
  "t0"."created_us" - LEAST("t0"."start_us", 1798761600000000) AS "created"
FROM "view_leads" AS "t0"), "sweep_events" AS (SELECT
  "t4".*
  EXCLUDE ("known_us", "occurred_us", "origin")
FROM (
  SELECT
    "t3"."key",
    "t3"."name",
    "t3"."occurred_us",
    "t3"."known_us",
    "t3"."p0",
    "t3"."p1",
    "t3"."p2",
    "t3"."p3",
    "t3"."day:America/New_York",
    "t3"."origin",
    "t3"."final",
    "t3"."occurred_us" - "t3"."origin" AS "occ",
    "t3"."known_us" - "t3"."origin" AS "known"
  FROM (
    SELECT
      "t2".*
      EXCLUDE ("begun", "last", "start_us", "until_us")
    FROM (
      SELECT
        "t1"."key",
        "t1"."start_us",
        "t1"."until_us",
        "t1"."name",
        "t1"."occurred_us",
        "t1"."known_us",
        "t1"."p0",
        "t1"."p1",
        "t1"."p2",
        "t1"."p3",
        "t1"."day:America/New_York",
        "t1"."origin",
        "t1"."begun",
        "t1"."last",
        "t1"."last" AS "final"
      FROM (
        SELECT
          "t0"."key",
          "t0"."start_us",
          "t0"."until_us",
          "t0"."name",
          "t0"."occurred_us",
          "t0"."known_us",
          "t0"."p0",
          "t0"."p1",
          "t0"."p2",
          "t0"."p3",
          CAST(FLOOR(
            (
              (
                "t0"."occurred_us" + CASE
                  WHEN "t0"."occurred_us" < 1772953200000000
                  THEN -18000000000
                  WHEN "t0"."occurred_us" < 1793512800000000
                  THEN -14400000000
                  ELSE -18000000000
                END + 345600000000000000
              ) - (
                (
                  "t0"."occurred_us" + CASE
                    WHEN "t0"."occurred_us" < 1772953200000000
                    THEN -18000000000
                    WHEN "t0"."occurred_us" < 1793512800000000
                    THEN -14400000000
                    ELSE -18000000000
                  END + 345600000000000000
                ) % 86400000000
              )
            ) / (
              86400000000
            )
          ) AS BIGINT) - 4000000 AS "day:America/New_York",
          LEAST("t0"."start_us", 1798761600000000) AS "origin",
          "t0"."start_us" <= 1798761600000000 AS "begun",
          IFF(
            "t0"."start_us" <= 1798761600000000,
            IFF(
              "t0"."until_us" IS NULL,
              1798761600000000,
              LEAST(1798761600000000, "t0"."until_us" - 1)
            ) - LEAST("t0"."start_us", 1798761600000000),
            -1
          ) AS "last"
        FROM "view_events" AS "t0"
        WHERE
          "t0"."name" IN ('email_click', 'form_submit', 'page_view', 'unsubscribe', 'webinar_attended')
      ) AS "t1"
    ) AS "t2"
  ) AS "t3"
  WHERE
    (
      "t3"."known_us" - "t3"."origin"
    ) <= "t3"."final"
) AS "t4"), "sweep_spans_0" AS (SELECT
  *
FROM (
  SELECT
    "t6"."key",
    "t6"."known" AS "a",
    LEAST(
      COALESCE(
        LEAST(COALESCE("t6"."in_day", "t6"."spread"), COALESCE("t6"."spread", "t6"."in_day")),
        "t6"."occ" + 7776000000000
      ),
      COALESCE(
        "t6"."occ" + 7776000000000,
        LEAST(COALESCE("t6"."in_day", "t6"."spread"), COALESCE("t6"."spread", "t6"."in_day"))
      )
    ) AS "b",
    "t6"."w",
    "t6"."s",
    "t6"."final"
  FROM (
    SELECT
      "t5"."key",
      "t5"."name",
      "t5"."p0",
      "t5"."p1",
      "t5"."p2",
      "t5"."p3",
      "t5"."day:America/New_York",
      "t5"."final",
      "t5"."occ",
      "t5"."known",
      "t5"."w",
      "t5"."s",
      "t5"."in_day",
      "t5"."day_first",
      "t5"."by_day",
      MAX(IFF("t5"."in_day" IS NULL, "t5"."by_day", CAST(NULL AS BIGINT))) OVER (
        PARTITION BY "t5"."key", "t5"."day:America/New_York"
        ORDER BY NULL ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "spread"
    FROM (
      SELECT
        "t4".*
        EXCLUDE ("following")
      FROM (
        SELECT
          "t3"."key",
          "t3"."name",
          "t3"."p0",
          "t3"."p1",
          "t3"."p2",
          "t3"."p3",
          "t3"."day:America/New_York",
          "t3"."final",
          "t3"."occ",
          "t3"."known",
          "t3"."w",
          "t3"."s",
          "t3"."in_day",
          "t3"."day_first",
          "t3"."following",
          IFF(
            ARRAY_SIZE("t3"."following") >= 3,
            GET(ARRAY_SORT("t3"."following"), 2),
            CAST(NULL AS BIGINT)
          ) AS "by_day"
        FROM (
          SELECT
            "t2"."key",
            "t2"."name",
            "t2"."p0",
            "t2"."p1",
            "t2"."p2",
            "t2"."p3",
            "t2"."day:America/New_York",
            "t2"."final",
            "t2"."occ",
            "t2"."known",
            "t2"."w",
            "t2"."s",
            "t2"."in_day",
            "t2"."day_first",
            ARRAY_AGG("t2"."day_first") OVER (
              PARTITION BY "t2"."key", "t2"."in_day" IS NULL
              ORDER BY "t2"."day:America/New_York" ASC
              ROWS BETWEEN 1 following AND UNBOUNDED FOLLOWING
            ) AS "following"
          FROM (
            SELECT
              "t1"."key",
              "t1"."name",
              "t1"."p0",
              "t1"."p1",
              "t1"."p2",
              "t1"."p3",
              "t1"."day:America/New_York",
              "t1"."final",
              "t1"."occ",
              "t1"."known",
              "t1"."w",
              "t1"."s",
              MIN("t1"."known") OVER (
                PARTITION BY "t1"."key", "t1"."day:America/New_York"
                ORDER BY "t1"."occ" ASC, "t1"."known" ASC
                ROWS BETWEEN 1 following AND UNBOUNDED FOLLOWING
              ) AS "in_day",
              MIN("t1"."known") OVER (
                PARTITION BY "t1"."key", "t1"."day:America/New_York"
                ORDER BY NULL ASC
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
              ) AS "day_first"
            FROM (
              SELECT
                "t0"."key",
                "t0"."name",
                "t0"."p0",
                "t0"."p1",
                "t0"."p2",
                "t0"."p3",
                "t0"."day:America/New_York",
                "t0"."final",
                "t0"."occ",
                "t0"."known",
                POWER(
                  CAST('2.0' AS DOUBLE),
                  GREATEST(
                    LEAST(
                      CAST("t0"."occ" AS DOUBLE) / CAST('1209600000000.0' AS DOUBLE),
                      CAST('1000.0' AS DOUBLE)
                    ),
                    CAST('-65.0' AS DOUBLE)
                  )
                ) AS "w",
                CAST('0.0' AS DOUBLE) AS "s"
              FROM "sweep_events" AS "t0"
              WHERE
                "t0"."name" IN ('page_view')
                AND NOT (
                  COALESCE((
                    "t0"."p1" = TRUE
                  ) OR (
                    "t0"."p3" < CAST('10.0' AS DOUBLE)
                  ), FALSE)
                )
                AND COALESCE("t0"."p2" = '/pricing', FALSE)
            ) AS "t1"
          ) AS "t2"
        ) AS "t3"
      ) AS "t4"
    ) AS "t5"
  ) AS "t6"
) AS "t7"
WHERE
  "t7"."a" <= "t7"."final"
  AND NOT (
    COALESCE(
      (
        "t7"."b" IS NOT NULL
      )
      AND (
        (
          "t7"."b" <= "t7"."a"
        ) OR (
          "t7"."b" <= 0
        )
      ),
      FALSE
    )
  )), "sweep_spans_1" AS (SELECT
  *
FROM (
  SELECT
    "t4"."key",
    "t4"."known" AS "a",
    LEAST(
      COALESCE("t4"."displaced", "t4"."occ" + 15552000000000),
      COALESCE("t4"."occ" + 15552000000000, "t4"."displaced")
    ) AS "b",
    "t4"."w",
    "t4"."s",
    "t4"."final"
  FROM (
    SELECT
      "t3".*
      EXCLUDE ("following")
    FROM (
      SELECT
        "t2"."key",
        "t2"."name",
        "t2"."p0",
        "t2"."p1",
        "t2"."p2",
        "t2"."p3",
        "t2"."day:America/New_York",
        "t2"."final",
        "t2"."occ",
        "t2"."known",
        "t2"."w",
        "t2"."s",
        "t2"."following",
        IFF(
          ARRAY_SIZE("t2"."following") >= 2,
          GET(ARRAY_SORT("t2"."following"), 1),
          CAST(NULL AS BIGINT)
        ) AS "displaced"
      FROM (
        SELECT
          "t1"."key",
          "t1"."name",
          "t1"."p0",
          "t1"."p1",
          "t1"."p2",
          "t1"."p3",
          "t1"."day:America/New_York",
          "t1"."final",
          "t1"."occ",
          "t1"."known",
          "t1"."w",
          "t1"."s",
          ARRAY_AGG("t1"."known") OVER (
            PARTITION BY "t1"."key"
            ORDER BY "t1"."occ" ASC, "t1"."known" ASC
            ROWS BETWEEN 1 following AND UNBOUNDED FOLLOWING
          ) AS "following"
        FROM (
          SELECT
            "t0"."key",
            "t0"."name",
            "t0"."p0",
            "t0"."p1",
            "t0"."p2",
            "t0"."p3",
            "t0"."day:America/New_York",
            "t0"."final",
            "t0"."occ",
            "t0"."known",
            POWER(
              CAST('2.0' AS DOUBLE),
              GREATEST(
                LEAST(
                  CAST("t0"."occ" AS DOUBLE) / CAST('2592000000000.0' AS DOUBLE),
                  CAST('1000.0' AS DOUBLE)
                ),
                CAST('-65.0' AS DOUBLE)
              )
            ) AS "w",
            CAST('0.0' AS DOUBLE) AS "s"
          FROM "sweep_events" AS "t0"
          WHERE
            "t0"."name" IN ('webinar_attended')
            AND NOT (
              COALESCE((
                "t0"."p1" = TRUE
              ) OR (
                "t0"."p3" < CAST('10.0' AS DOUBLE)
              ), FALSE)
            )
        ) AS "t1"
      ) AS "t2"
    ) AS "t3"
  ) AS "t4"
) AS "t5"
WHERE
  "t5"."a" <= "t5"."final"
  AND NOT (
    COALESCE(
      (
        "t5"."b" IS NOT NULL
      )
      AND (
        (
          "t5"."b" <= "t5"."a"
        ) OR (
          "t5"."b" <= 0
        )
      ),
      FALSE
    )
  )), "sweep_spans_2" AS (SELECT
  *
FROM (
  SELECT
    "t6"."key",
    "t6"."known" AS "a",
    LEAST(
      COALESCE(
        LEAST(COALESCE("t6"."in_day", "t6"."spread"), COALESCE("t6"."spread", "t6"."in_day")),
        "t6"."occ" + 2592000000000
      ),
      COALESCE(
        "t6"."occ" + 2592000000000,
        LEAST(COALESCE("t6"."in_day", "t6"."spread"), COALESCE("t6"."spread", "t6"."in_day"))
      )
    ) AS "b",
    "t6"."w",
    "t6"."s",
    "t6"."final"
  FROM (
    SELECT
      "t5"."key",
      "t5"."name",
      "t5"."p0",
      "t5"."p1",
      "t5"."p2",
      "t5"."p3",
      "t5"."day:America/New_York",
      "t5"."final",
      "t5"."occ",
      "t5"."known",
      "t5"."w",
      "t5"."s",
      "t5"."in_day",
      "t5"."day_first",
      "t5"."by_day",
      MAX(IFF("t5"."in_day" IS NULL, "t5"."by_day", CAST(NULL AS BIGINT))) OVER (
        PARTITION BY "t5"."key", "t5"."day:America/New_York"
        ORDER BY NULL ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "spread"
    FROM (
      SELECT
        "t4".*
        EXCLUDE ("following")
      FROM (
        SELECT
          "t3"."key",
          "t3"."name",
          "t3"."p0",
          "t3"."p1",
          "t3"."p2",
          "t3"."p3",
          "t3"."day:America/New_York",
          "t3"."final",
          "t3"."occ",
          "t3"."known",
          "t3"."w",
          "t3"."s",
          "t3"."in_day",
          "t3"."day_first",
          "t3"."following",
          IFF(
            ARRAY_SIZE("t3"."following") >= 5,
            GET(ARRAY_SORT("t3"."following"), 4),
            CAST(NULL AS BIGINT)
          ) AS "by_day"
        FROM (
          SELECT
            "t2"."key",
            "t2"."name",
            "t2"."p0",
            "t2"."p1",
            "t2"."p2",
            "t2"."p3",
            "t2"."day:America/New_York",
            "t2"."final",
            "t2"."occ",
            "t2"."known",
            "t2"."w",
            "t2"."s",
            "t2"."in_day",
            "t2"."day_first",
            ARRAY_AGG("t2"."day_first") OVER (
              PARTITION BY "t2"."key", "t2"."in_day" IS NULL
              ORDER BY "t2"."day:America/New_York" ASC
              ROWS BETWEEN 1 following AND UNBOUNDED FOLLOWING
            ) AS "following"
          FROM (
            SELECT
              "t1"."key",
              "t1"."name",
              "t1"."p0",
              "t1"."p1",
              "t1"."p2",
              "t1"."p3",
              "t1"."day:America/New_York",
              "t1"."final",
              "t1"."occ",
              "t1"."known",
              "t1"."w",
              "t1"."s",
              MIN("t1"."known") OVER (
                PARTITION BY "t1"."key", "t1"."day:America/New_York"
                ORDER BY "t1"."occ" ASC, "t1"."known" ASC
                ROWS BETWEEN 1 following AND UNBOUNDED FOLLOWING
              ) AS "in_day",
              MIN("t1"."known") OVER (
                PARTITION BY "t1"."key", "t1"."day:America/New_York"
                ORDER BY NULL ASC
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
              ) AS "day_first"
            FROM (
              SELECT
                "t0"."key",
                "t0"."name",
                "t0"."p0",
                "t0"."p1",
                "t0"."p2",
                "t0"."p3",
                "t0"."day:America/New_York",
                "t0"."final",
                "t0"."occ",
                "t0"."known",
                CAST('1.0' AS DOUBLE) AS "w",
                CAST("t0"."occ" AS DOUBLE) AS "s"
              FROM "sweep_events" AS "t0"
              WHERE
                "t0"."name" IN ('email_click')
                AND NOT (
                  COALESCE((
                    "t0"."p1" = TRUE
                  ) OR (
                    "t0"."p3" < CAST('10.0' AS DOUBLE)
                  ), FALSE)
                )
            ) AS "t1"
          ) AS "t2"
        ) AS "t3"
      ) AS "t4"
    ) AS "t5"
  ) AS "t6"
) AS "t7"
WHERE
  "t7"."a" <= "t7"."final"
  AND NOT (
    COALESCE(
      (
        "t7"."b" IS NOT NULL
      )
      AND (
        (
          "t7"."b" <= "t7"."a"
        ) OR (
          "t7"."b" <= 0
        )
      ),
      FALSE
    )
  )), "sweep_spans_3" AS (SELECT
  "t2"."key",
  "t2"."known" AS "a",
  "t2"."displaced" AS "b",
  "t2"."w",
  "t2"."s",
  "t2"."final"
FROM (
  SELECT
    "t1"."key",
    "t1"."name",
    "t1"."p0",
    "t1"."p1",
    "t1"."p2",
    "t1"."p3",
    "t1"."day:America/New_York",
    "t1"."final",
    "t1"."occ",
    "t1"."known",
    "t1"."w",
    "t1"."s",
    MIN("t1"."known") OVER (
      PARTITION BY "t1"."key"
      ORDER BY "t1"."occ" ASC, "t1"."known" ASC
      ROWS BETWEEN 1 following AND UNBOUNDED FOLLOWING
    ) AS "displaced"
  FROM (
    SELECT
      "t0"."key",
      "t0"."name",
      "t0"."p0",
      "t0"."p1",
      "t0"."p2",
      "t0"."p3",
      "t0"."day:America/New_York",
      "t0"."final",
      "t0"."occ",
      "t0"."known",
      CAST('1.0' AS DOUBLE) AS "w",
      CAST('0.0' AS DOUBLE) AS "s"
    FROM "sweep_events" AS "t0"
    WHERE
      "t0"."name" IN ('unsubscribe')
      AND NOT (
        COALESCE((
          "t0"."p1" = TRUE
        ) OR (
          "t0"."p3" < CAST('10.0' AS DOUBLE)
        ), FALSE)
      )
  ) AS "t1"
) AS "t2"
WHERE
  "t2"."known" <= "t2"."final"
  AND NOT (
    COALESCE(
      (
        "t2"."displaced" IS NOT NULL
      )
      AND (
        (
          "t2"."displaced" <= "t2"."known"
        ) OR (
          "t2"."displaced" <= 0
        )
      ),
      FALSE
    )
  )), "sweep_spans_4" AS (SELECT
  *
FROM (
  SELECT
    "t5"."key",
    "t5"."final",
    GREATEST("t5"."known", "t5"."newest" + 5184000000000) AS "a",
    "t5"."next_known" AS "b",
    CAST('1.0' AS DOUBLE) AS "w",
    CAST('0.0' AS DOUBLE) AS "s"
  FROM (
    SELECT
      "t4"."key",
      "t4"."final",
      "t4"."occ",
      "t4"."known",
      MAX("t4"."occ") OVER (
        PARTITION BY "t4"."key"
        ORDER BY "t4"."known" ASC
        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS "newest",
      LEAD("t4"."known", 1) OVER (PARTITION BY "t4"."key" ORDER BY "t4"."known" ASC) AS "next_known"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t0"."key",
          "t0"."final",
          "t0"."occ",
          "t0"."known"
        FROM "sweep_events" AS "t0"
        WHERE
          "t0"."name" IN ('email_click', 'form_submit', 'page_view')
          AND NOT (
            COALESCE((
              "t0"."p1" = TRUE
            ) OR (
              "t0"."p3" < CAST('10.0' AS DOUBLE)
            ), FALSE)
          )
      ) AS "t3"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          "t1"."key",
          "t1"."final",
          "t1"."created" AS "occ",
          -4611686018427387904 AS "known"
        FROM "sweep_leads" AS "t1"
      ) AS "t2"
    ) AS "t4"
  ) AS "t5"
) AS "t6"
WHERE
  "t6"."a" <= "t6"."final"
  AND NOT (
    COALESCE(
      (
        "t6"."b" IS NOT NULL
      )
      AND (
        (
          "t6"."b" <= "t6"."a"
        ) OR (
          "t6"."b" <= 0
        )
      ),
      FALSE
    )
  )), "sweep_spans_5" AS (SELECT
  "t0"."key",
  "t0"."known" AS "a",
  "t0"."occ" + 604800000000 AS "b",
  CAST('1.0' AS DOUBLE) AS "w",
  CAST('0.0' AS DOUBLE) AS "s",
  "t0"."final"
FROM "sweep_events" AS "t0"
WHERE
  "t0"."name" IN ('form_submit')
  AND NOT (
    COALESCE((
      "t0"."p1" = TRUE
    ) OR (
      "t0"."p3" < CAST('10.0' AS DOUBLE)
    ), FALSE)
  )
  AND COALESCE("t0"."p0" IN ('contact-sales', 'demo', 'pricing'), FALSE)
  AND "t0"."known" <= "t0"."final"
  AND NOT (
    COALESCE(
      (
        (
          "t0"."occ" + 604800000000
        ) IS NOT NULL
      )
      AND (
        (
          (
            "t0"."occ" + 604800000000
          ) <= "t0"."known"
        )
        OR (
          (
            "t0"."occ" + 604800000000
          ) <= 0
        )
      ),
      FALSE
    )
  )), "sweep_spans_6" AS (SELECT
  "t0"."key",
  "t0"."known" AS "a",
  CAST(NULL AS BIGINT) AS "b",
  CAST('1.0' AS DOUBLE) AS "w",
  CAST('0.0' AS DOUBLE) AS "s",
  "t0"."final"
FROM "sweep_events" AS "t0"
WHERE
  "t0"."name" IN ('page_view')
  AND NOT (
    COALESCE((
      "t0"."p1" = TRUE
    ) OR (
      "t0"."p3" < CAST('10.0' AS DOUBLE)
    ), FALSE)
  )
  AND COALESCE("t0"."p2" = '/pricing', FALSE)
  AND "t0"."known" <= "t0"."final"
  AND NOT (
    COALESCE(
      (
        CAST(NULL AS BIGINT) IS NOT NULL
      )
      AND (
        (
          CAST(NULL AS BIGINT) <= "t0"."known"
        ) OR (
          CAST(NULL AS BIGINT) <= 0
        )
      ),
      FALSE
    )
  )), "sweep_spans_7" AS (SELECT
  "t0"."key",
  "t0"."known" AS "a",
  CAST(NULL AS BIGINT) AS "b",
  CAST('1.0' AS DOUBLE) AS "w",
  CAST('0.0' AS DOUBLE) AS "s",
  "t0"."final"
FROM "sweep_events" AS "t0"
WHERE
  "t0"."name" IN ('form_submit')
  AND NOT (
    COALESCE((
      "t0"."p1" = TRUE
    ) OR (
      "t0"."p3" < CAST('10.0' AS DOUBLE)
    ), FALSE)
  )
  AND COALESCE("t0"."p0" = 'demo', FALSE)
  AND "t0"."known" <= "t0"."final"
  AND NOT (
    COALESCE(
      (
        CAST(NULL AS BIGINT) IS NOT NULL
      )
      AND (
        (
          CAST(NULL AS BIGINT) <= "t0"."known"
        ) OR (
          CAST(NULL AS BIGINT) <= 0
        )
      ),
      FALSE
    )
  )), "sweep_spans_8" AS (SELECT
  "t0"."key",
  "t0"."known" AS "a",
  CAST(NULL AS BIGINT) AS "b",
  CAST('1.0' AS DOUBLE) AS "w",
  CAST('0.0' AS DOUBLE) AS "s",
  "t0"."final"
FROM "sweep_events" AS "t0"
WHERE
  "t0"."name" IN ('webinar_attended')
  AND NOT (
    COALESCE((
      "t0"."p1" = TRUE
    ) OR (
      "t0"."p3" < CAST('10.0' AS DOUBLE)
    ), FALSE)
  )
  AND "t0"."known" <= "t0"."final"
  AND NOT (
    COALESCE(
      (
        CAST(NULL AS BIGINT) IS NOT NULL
      )
      AND (
        (
          CAST(NULL AS BIGINT) <= "t0"."known"
        ) OR (
          CAST(NULL AS BIGINT) <= 0
        )
      ),
      FALSE
    )
  )), "sweep_spans_9" AS (SELECT
  "t0"."key",
  "t0"."known" AS "a",
  CAST(NULL AS BIGINT) AS "b",
  CAST('1.0' AS DOUBLE) AS "w",
  CAST('0.0' AS DOUBLE) AS "s",
  "t0"."final"
FROM "sweep_events" AS "t0"
WHERE
  "t0"."name" IN ('email_click')
  AND NOT (
    COALESCE((
      "t0"."p1" = TRUE
    ) OR (
      "t0"."p3" < CAST('10.0' AS DOUBLE)
    ), FALSE)
  )
  AND "t0"."known" <= "t0"."final"
  AND NOT (
    COALESCE(
      (
        CAST(NULL AS BIGINT) IS NOT NULL
      )
      AND (
        (
          CAST(NULL AS BIGINT) <= "t0"."known"
        ) OR (
          CAST(NULL AS BIGINT) <= 0
        )
      ),
      FALSE
    )
  )), "sweep_stream" AS (SELECT
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
          "t0"."key",
          CAST(5 AS SMALLINT) AS "ch",
          GREATEST("t0"."a", 0) AS "t",
          "t0"."w",
          "t0"."s"
        FROM "sweep_spans_5" AS "t0"
      ) AS "t14"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          "t0"."key",
          CAST(5 AS SMALLINT) AS "ch",
          "t0"."b" AS "t",
          -(
            "t0"."w"
          ) AS "w",
          -(
            "t0"."s"
          ) AS "s"
        FROM "sweep_spans_5" AS "t0"
        WHERE
          "t0"."b" <= "t0"."final"
      ) AS "t15"
    ) AS "t35"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t1"."key",
          CAST(6 AS SMALLINT) AS "ch",
          GREATEST("t1"."a", 0) AS "t",
          "t1"."w",
          "t1"."s"
        FROM "sweep_spans_6" AS "t1"
      ) AS "t16"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          "t1"."key",
          CAST(6 AS SMALLINT) AS "ch",
          "t1"."b" AS "t",
          -(
            "t1"."w"
          ) AS "w",
          -(
            "t1"."s"
          ) AS "s"
        FROM "sweep_spans_6" AS "t1"
        WHERE
          "t1"."b" <= "t1"."final"
      ) AS "t17"
    ) AS "t36"
  ) AS "t45"
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
          "t2"."key",
          CAST(7 AS SMALLINT) AS "ch",
          GREATEST("t2"."a", 0) AS "t",
          "t2"."w",
          "t2"."s"
        FROM "sweep_spans_7" AS "t2"
      ) AS "t18"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          "t2"."key",
          CAST(7 AS SMALLINT) AS "ch",
          "t2"."b" AS "t",
          -(
            "t2"."w"
          ) AS "w",
          -(
            "t2"."s"
          ) AS "s"
        FROM "sweep_spans_7" AS "t2"
        WHERE
          "t2"."b" <= "t2"."final"
      ) AS "t19"
    ) AS "t37"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t3"."key",
          CAST(8 AS SMALLINT) AS "ch",
          GREATEST("t3"."a", 0) AS "t",
          "t3"."w",
          "t3"."s"
        FROM "sweep_spans_8" AS "t3"
      ) AS "t20"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          "t3"."key",
          CAST(8 AS SMALLINT) AS "ch",
          "t3"."b" AS "t",
          -(
            "t3"."w"
          ) AS "w",
          -(
            "t3"."s"
          ) AS "s"
        FROM "sweep_spans_8" AS "t3"
        WHERE
          "t3"."b" <= "t3"."final"
      ) AS "t21"
    ) AS "t38"
  ) AS "t46"
) AS "t49"
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
          "t4"."key",
          CAST(9 AS SMALLINT) AS "ch",
          GREATEST("t4"."a", 0) AS "t",
          "t4"."w",
          "t4"."s"
        FROM "sweep_spans_9" AS "t4"
      ) AS "t22"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          "t4"."key",
          CAST(9 AS SMALLINT) AS "ch",
          "t4"."b" AS "t",
          -(
            "t4"."w"
          ) AS "w",
          -(
            "t4"."s"
          ) AS "s"
        FROM "sweep_spans_9" AS "t4"
        WHERE
          "t4"."b" <= "t4"."final"
      ) AS "t23"
    ) AS "t39"
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
            "t5"."key",
            CAST(-1 AS SMALLINT) AS "ch",
            CAST(0 AS BIGINT) AS "t",
            CAST('0.0' AS DOUBLE) AS "w",
            CAST('0.0' AS DOUBLE) AS "s"
          FROM "sweep_leads" AS "t5"
        ) AS "t13"
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            "t56"."key",
            CAST(-2 AS SMALLINT) AS "ch",
            GREATEST("t56"."from_us" - "t56"."origin", 0) AS "t",
            CAST('1.0' AS DOUBLE) AS "w",
            CAST('0.0' AS DOUBLE) AS "s"
          FROM (
            SELECT
              "t55"."key",
              "t55"."from_us",
              "t24"."lead_key",
              "t24"."origin",
              "t24"."final"
            FROM (
              SELECT
                "t53"."key",
                "t53"."from_us"
              FROM (
                SELECT
                  "t52"."key",
                  "t52"."from_us",
                  "t52"."c0",
                  "t52"."c1",
                  (
                    ROW_NUMBER() OVER (PARTITION BY "t52"."key" ORDER BY "t52"."from_us" ASC) - 1
                  ) + 1 AS "state"
                FROM (
                  SELECT DISTINCT
                    *
                  FROM (
                    SELECT
                      "t11"."key",
                      "t11"."from_us",
                      MAX(IFF("t11"."field" = 'email_type', "t11"."number", CAST(NULL AS BIGINT))) OVER (
                        PARTITION BY "t11"."key"
                        ORDER BY "t11"."from_us" ASC
                        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                      ) AS "c0",
                      MAX(IFF("t11"."field" = 'employees', "t11"."number", CAST(NULL AS BIGINT))) OVER (
                        PARTITION BY "t11"."key"
                        ORDER BY "t11"."from_us" ASC
                        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                      ) AS "c1"
                    FROM "changes_in_order" AS "t11"
                  ) AS "t51"
                ) AS "t52"
              ) AS "t53"
            ) AS "t55"
            INNER JOIN (
              SELECT
                "t5"."key" AS "lead_key",
                "t5"."origin",
                "t5"."final"
              FROM "sweep_leads" AS "t5"
            ) AS "t24"
              ON "t55"."key" = "t24"."lead_key"
          ) AS "t56"
          WHERE
            (
              "t56"."from_us" - "t56"."origin"
            ) <= "t56"."final"
        ) AS "t57"
      ) AS "t58"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t6"."key",
            CAST(0 AS SMALLINT) AS "ch",
            GREATEST("t6"."a", 0) AS "t",
            "t6"."w",
            "t6"."s"
          FROM "sweep_spans_0" AS "t6"
        ) AS "t25"
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            "t6"."key",
            CAST(0 AS SMALLINT) AS "ch",
            "t6"."b" AS "t",
            -(
              "t6"."w"
            ) AS "w",
            -(
              "t6"."s"
            ) AS "s"
          FROM "sweep_spans_0" AS "t6"
          WHERE
            "t6"."b" <= "t6"."final"
        ) AS "t26"
      ) AS "t40"
    ) AS "t59"
  ) AS "t60"
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
            "t7"."key",
            CAST(1 AS SMALLINT) AS "ch",
            GREATEST("t7"."a", 0) AS "t",
            "t7"."w",
            "t7"."s"
          FROM "sweep_spans_1" AS "t7"
        ) AS "t27"
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            "t7"."key",
            CAST(1 AS SMALLINT) AS "ch",
            "t7"."b" AS "t",
            -(
              "t7"."w"
            ) AS "w",
            -(
              "t7"."s"
            ) AS "s"
          FROM "sweep_spans_1" AS "t7"
          WHERE
            "t7"."b" <= "t7"."final"
        ) AS "t28"
      ) AS "t41"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t8"."key",
            CAST(2 AS SMALLINT) AS "ch",
            GREATEST("t8"."a", 0) AS "t",
            "t8"."w",
            "t8"."s"
          FROM "sweep_spans_2" AS "t8"
        ) AS "t29"
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            "t8"."key",
            CAST(2 AS SMALLINT) AS "ch",
            "t8"."b" AS "t",
            -(
              "t8"."w"
            ) AS "w",
            -(
              "t8"."s"
            ) AS "s"
          FROM "sweep_spans_2" AS "t8"
          WHERE
            "t8"."b" <= "t8"."final"
        ) AS "t30"
      ) AS "t42"
    ) AS "t47"
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
            "t9"."key",
            CAST(3 AS SMALLINT) AS "ch",
            GREATEST("t9"."a", 0) AS "t",
            "t9"."w",
            "t9"."s"
          FROM "sweep_spans_3" AS "t9"
        ) AS "t31"
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            "t9"."key",
            CAST(3 AS SMALLINT) AS "ch",
            "t9"."b" AS "t",
            -(
              "t9"."w"
            ) AS "w",
            -(
              "t9"."s"
            ) AS "s"
          FROM "sweep_spans_3" AS "t9"
          WHERE
            "t9"."b" <= "t9"."final"
        ) AS "t32"
      ) AS "t43"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t10"."key",
            CAST(4 AS SMALLINT) AS "ch",
            GREATEST("t10"."a", 0) AS "t",
            "t10"."w",
            "t10"."s"
          FROM "sweep_spans_4" AS "t10"
        ) AS "t33"
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            "t10"."key",
            CAST(4 AS SMALLINT) AS "ch",
            "t10"."b" AS "t",
            -(
              "t10"."w"
            ) AS "w",
            -(
              "t10"."s"
            ) AS "s"
          FROM "sweep_spans_4" AS "t10"
          WHERE
            "t10"."b" <= "t10"."final"
        ) AS "t34"
      ) AS "t44"
    ) AS "t48"
  ) AS "t50"
) AS "t61"), "sweep_sums" AS (SELECT
  "t0"."key",
  "t0"."t",
  SUM(IFF("t0"."ch" = -2, 1, 0)) OVER (
    PARTITION BY "t0"."key"
    ORDER BY "t0"."t" ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS "state",
  SUM(IFF("t0"."ch" = 0, "t0"."w", CAST('0.0' AS DOUBLE))) OVER (
    PARTITION BY "t0"."key"
    ORDER BY "t0"."t" ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS "n0",
  SUM(IFF("t0"."ch" = 1, "t0"."w", CAST('0.0' AS DOUBLE))) OVER (
    PARTITION BY "t0"."key"
    ORDER BY "t0"."t" ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS "n1",
  SUM(IFF("t0"."ch" = 2, "t0"."w", CAST('0.0' AS DOUBLE))) OVER (
    PARTITION BY "t0"."key"
    ORDER BY "t0"."t" ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS "n2",
  SUM(IFF("t0"."ch" = 2, "t0"."s", CAST('0.0' AS DOUBLE))) OVER (
    PARTITION BY "t0"."key"
    ORDER BY "t0"."t" ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS "s2",
  SUM(IFF("t0"."ch" = 3, "t0"."w", CAST('0.0' AS DOUBLE))) OVER (
    PARTITION BY "t0"."key"
    ORDER BY "t0"."t" ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS "n3",
  SUM(IFF("t0"."ch" = 4, "t0"."w", CAST('0.0' AS DOUBLE))) OVER (
    PARTITION BY "t0"."key"
    ORDER BY "t0"."t" ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS "n4",
  SUM(IFF("t0"."ch" = 5, "t0"."w", CAST('0.0' AS DOUBLE))) OVER (
    PARTITION BY "t0"."key"
    ORDER BY "t0"."t" ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS "n5",
  SUM(IFF("t0"."ch" = 6, "t0"."w", CAST('0.0' AS DOUBLE))) OVER (
    PARTITION BY "t0"."key"
    ORDER BY "t0"."t" ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS "n6",
  SUM(IFF("t0"."ch" = 7, "t0"."w", CAST('0.0' AS DOUBLE))) OVER (
    PARTITION BY "t0"."key"
    ORDER BY "t0"."t" ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS "n7",
  SUM(IFF("t0"."ch" = 8, "t0"."w", CAST('0.0' AS DOUBLE))) OVER (
    PARTITION BY "t0"."key"
    ORDER BY "t0"."t" ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS "n8",
  SUM(IFF("t0"."ch" = 9, "t0"."w", CAST('0.0' AS DOUBLE))) OVER (
    PARTITION BY "t0"."key"
    ORDER BY "t0"."t" ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS "n9"
FROM "sweep_stream" AS "t0"), "sweep_statics" AS (WITH "t12" AS (
  SELECT
    "t2"."key",
    CAST(0 AS BIGINT) AS "state",
    IFF(
      "t2"."row_is_current" AND (
        COALESCE("t10"."has_c0", 0) > 0
      ),
      NULLIF("t2"."f0", "t2"."f0"),
      "t2"."f0"
    ) AS "f0",
    IFF(
      "t2"."row_is_current" AND (
        COALESCE("t10"."has_c1", 0) > 0
      ),
      NULLIF("t2"."f1", "t2"."f1"),
      "t2"."f1"
    ) AS "f1",
    "t2"."f2",
    "t2"."f3",
    "t2"."f3s"
  FROM "view_leads" AS "t2"
  LEFT OUTER JOIN (
    SELECT
      "t7"."key" AS "changed_key",
      "t7"."has_c0",
      "t7"."has_c1"
    FROM (
      SELECT
        "t1"."key",
        MAX(IFF("t1"."field" = 'email_type', 1, 0)) AS "has_c0",
        MAX(IFF("t1"."field" = 'employees', 1, 0)) AS "has_c1"
      FROM "changes_in_order" AS "t1"
      GROUP BY
        1
    ) AS "t7"
  ) AS "t10"
    ON "t2"."key" = "t10"."changed_key"
)
SELECT
  "t28"."key" AS "static_key",
  "t28"."state" AS "static_state",
  "t28"."f0" = 'disposable' AS "x0_0",
  CONTAINS("t28"."f3s", ' student ') OR CONTAINS("t28"."f3s", ' intern ') AS "x0_1",
  COALESCE(
    CASE
      WHEN (
        "t28"."f1" IS NOT NULL
      )
      AND (
        "t28"."f1" >= CAST('0.0' AS DOUBLE)
      )
      AND (
        "t28"."f1" < CAST('50.0' AS DOUBLE)
      )
      THEN CAST('0.0' AS DOUBLE)
      WHEN (
        "t28"."f1" IS NOT NULL
      )
      AND (
        "t28"."f1" >= CAST('50.0' AS DOUBLE)
      )
      AND (
        "t28"."f1" < CAST('200.0' AS DOUBLE)
      )
      THEN CAST('20.0' AS DOUBLE)
      WHEN (
        "t28"."f1" IS NOT NULL
      )
      AND (
        "t28"."f1" >= CAST('200.0' AS DOUBLE)
      )
      AND (
        "t28"."f1" < CAST('2000.0' AS DOUBLE)
      )
      THEN CAST('40.0' AS DOUBLE)
      WHEN (
        "t28"."f1" IS NOT NULL
      ) AND (
        "t28"."f1" >= CAST('2000.0' AS DOUBLE)
      )
      THEN CAST('25.0' AS DOUBLE)
      ELSE CAST('0.0' AS DOUBLE)
    END,
    CAST('0.0' AS DOUBLE)
  ) + COALESCE(
    CASE
      WHEN "t28"."f2" IS NULL
      THEN CAST('0.0' AS DOUBLE)
      WHEN "t28"."f2" = 'software'
      THEN CAST('20.0' AS DOUBLE)
      WHEN "t28"."f2" = 'finance'
      THEN CAST('15.0' AS DOUBLE)
      ELSE CAST('0.0' AS DOUBLE)
    END,
    CAST('0.0' AS DOUBLE)
  ) AS "x0_2",
  COALESCE(
    CASE
      WHEN CONTAINS("t28"."f3s", ' chief ')
      OR CONTAINS("t28"."f3s", ' vp ')
      OR CONTAINS("t28"."f3s", ' vice president ')
      THEN CAST('40.0' AS DOUBLE)
      WHEN CONTAINS("t28"."f3s", ' director ') OR CONTAINS("t28"."f3s", ' head ')
      THEN CAST('30.0' AS DOUBLE)
      WHEN CONTAINS("t28"."f3s", ' manager ')
      THEN CAST('15.0' AS DOUBLE)
      ELSE CAST('0.0' AS DOUBLE)
    END,
    CAST('0.0' AS DOUBLE)
  ) AS "x0_3"
FROM (
  SELECT
    *
  FROM (
    SELECT
      *
    FROM "t12" AS "t14"
  ) AS "t17"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t25"."key",
        "t25"."state",
        IFF("t25"."c0" IS NULL, "t19"."f0", "t25"."f0_new") AS "f0",
        IFF("t25"."c1" IS NULL, "t19"."f1", "t25"."f1_new") AS "f1",
        "t19"."f2",
        "t19"."f3",
        "t19"."f3s"
      FROM (
        SELECT
          "t23".*
          EXCLUDE ("k_c1", "n_c1")
        FROM (
          SELECT
            "t22"."key",
            "t22"."from_us",
            "t22"."c0",
            "t22"."c1",
            "t22"."state",
            "t22"."f0_new",
            "t5"."k_c1",
            "t5"."n_c1",
            "t5"."f1_new"
          FROM (
            SELECT
              "t20".*
              EXCLUDE ("k_c0", "n_c0")
            FROM (
              SELECT
                "t15"."key",
                "t15"."from_us",
                "t15"."c0",
                "t15"."c1",
                "t15"."state",
                "t6"."k_c0",
                "t6"."n_c0",
                "t6"."f0_new"
              FROM (
                SELECT
                  "t11"."key",
                  "t11"."from_us",
                  "t11"."c0",
                  "t11"."c1",
                  (
                    ROW_NUMBER() OVER (PARTITION BY "t11"."key" ORDER BY "t11"."from_us" ASC) - 1
                  ) + 1 AS "state"
                FROM (
                  SELECT DISTINCT
                    *
                  FROM (
                    SELECT
                      "t1"."key",
                      "t1"."from_us",
                      MAX(IFF("t1"."field" = 'email_type', "t1"."number", CAST(NULL AS BIGINT))) OVER (
                        PARTITION BY "t1"."key"
                        ORDER BY "t1"."from_us" ASC
                        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                      ) AS "c0",
                      MAX(IFF("t1"."field" = 'employees', "t1"."number", CAST(NULL AS BIGINT))) OVER (
                        PARTITION BY "t1"."key"
                        ORDER BY "t1"."from_us" ASC
                        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                      ) AS "c1"
                    FROM "changes_in_order" AS "t1"
                  ) AS "t8"
                ) AS "t11"
              ) AS "t15"
              LEFT OUTER JOIN (
                SELECT
                  "t1"."key" AS "k_c0",
                  "t1"."number" AS "n_c0",
                  "t1"."f0" AS "f0_new"
                FROM "changes_in_order" AS "t1"
                WHERE
                  "t1"."field" = 'email_type'
              ) AS "t6"
                ON "t15"."key" = "t6"."k_c0" AND "t15"."c0" = "t6"."n_c0"
            ) AS "t20"
          ) AS "t22"
          LEFT OUTER JOIN (
            SELECT
              "t1"."key" AS "k_c1",
              "t1"."number" AS "n_c1",
              "t1"."f1" AS "f1_new"
            FROM "changes_in_order" AS "t1"
            WHERE
              "t1"."field" = 'employees'
          ) AS "t5"
            ON "t22"."key" = "t5"."k_c1" AND "t22"."c1" = "t5"."n_c1"
        ) AS "t23"
      ) AS "t25"
      INNER JOIN (
        SELECT
          "t16"."key" AS "zero_key",
          "t16"."f0",
          "t16"."f1",
          "t16"."f2",
          "t16"."f3",
          "t16"."f3s"
        FROM (
          SELECT
            "t14".*
            EXCLUDE ("state")
          FROM "t12" AS "t14"
        ) AS "t16"
      ) AS "t19"
        ON "t25"."key" = "t19"."zero_key"
    ) AS "t26"
  ) AS "t27"
) AS "t28"), "sweep_rows" AS (SELECT
  "t4".*
  EXCLUDE ("static_key", "static_state")
FROM (
  SELECT
    "t2"."key",
    "t2"."t",
    "t2"."state",
    "t2"."n0",
    "t2"."n1",
    "t2"."n2",
    "t2"."s2",
    "t2"."n3",
    "t2"."n4",
    "t2"."n5",
    "t2"."n6",
    "t2"."n7",
    "t2"."n8",
    "t2"."n9",
    "t3"."static_key",
    "t3"."static_state",
    "t3"."x0_0",
    "t3"."x0_1",
    "t3"."x0_2",
    "t3"."x0_3"
  FROM "sweep_sums" AS "t2"
  INNER JOIN "sweep_statics" AS "t3"
    ON "t2"."key" = "t3"."static_key" AND "t2"."state" = "t3"."static_state"
) AS "t4"), "sweep_scores" AS (SELECT
  "t0"."key",
  "t0"."t",
  "t0"."state",
  "t0"."n0",
  "t0"."n1",
  "t0"."n2",
  "t0"."s2",
  "t0"."n3",
  "t0"."n4",
  "t0"."n5",
  "t0"."n6",
  "t0"."n7",
  "t0"."n8",
  "t0"."n9",
  "t0"."x0_0",
  "t0"."x0_1",
  "t0"."x0_2",
  "t0"."x0_3",
  IFF(
    ABS(
      GREATEST(
        LEAST(
          (
            CAST('0.0' AS DOUBLE) + LEAST(CAST('0.0' AS DOUBLE) + "t0"."x0_2", CAST('60.0' AS DOUBLE)) + LEAST(CAST('0.0' AS DOUBLE) + "t0"."x0_3", CAST('40.0' AS DOUBLE))
          ) * CAST('1.0' AS DOUBLE),
          CAST('100.0' AS DOUBLE)
        ),
        CAST('0.0' AS DOUBLE)
      )
    ) < CAST('9000000000.0' AS DOUBLE),
    CAST(CAST(FLOOR(
      (
        GREATEST(
          LEAST(
            (
              CAST('0.0' AS DOUBLE) + LEAST(CAST('0.0' AS DOUBLE) + "t0"."x0_2", CAST('60.0' AS DOUBLE)) + LEAST(CAST('0.0' AS DOUBLE) + "t0"."x0_3", CAST('40.0' AS DOUBLE))
            ) * CAST('1.0' AS DOUBLE),
            CAST('100.0' AS DOUBLE)
          ),
          CAST('0.0' AS DOUBLE)
        ) * CAST('1000000000.0' AS DOUBLE)
      ) + CAST('0.5' AS DOUBLE)
    ) AS BIGINT) AS DOUBLE) / CAST('1000000000.0' AS DOUBLE),
    GREATEST(
      LEAST(
        (
          CAST('0.0' AS DOUBLE) + LEAST(CAST('0.0' AS DOUBLE) + "t0"."x0_2", CAST('60.0' AS DOUBLE)) + LEAST(CAST('0.0' AS DOUBLE) + "t0"."x0_3", CAST('40.0' AS DOUBLE))
        ) * CAST('1.0' AS DOUBLE),
        CAST('100.0' AS DOUBLE)
      ),
      CAST('0.0' AS DOUBLE)
    )
  ) AS "score:fit:0",
  IFF(
    ABS(
      GREATEST(
        LEAST(
          (
            CAST('0.0' AS DOUBLE) + LEAST(
              CAST('0.0' AS DOUBLE) + COALESCE(
                "t0"."n0" * (
                  POWER(
                    CAST('2.0' AS DOUBLE),
                    (
                      -(
                        CAST("t0"."t" AS DOUBLE)
                      ) / CAST('1209600000000.0' AS DOUBLE)
                    )
                  )
                ) * CAST('12.0' AS DOUBLE),
                CAST('0.0' AS DOUBLE)
              ),
              CAST('40.0' AS DOUBLE)
            ) + LEAST(
              CAST('0.0' AS DOUBLE) + COALESCE(
                "t0"."n1" * (
                  POWER(
                    CAST('2.0' AS DOUBLE),
                    (
                      -(
                        CAST("t0"."t" AS DOUBLE)
                      ) / CAST('2592000000000.0' AS DOUBLE)
                    )
                  )
                ) * CAST('15.0' AS DOUBLE),
                CAST('0.0' AS DOUBLE)
              ) + COALESCE(
                (
                  (
                    (
                      "t0"."n2" * (
                        CAST('2592000000000.0' AS DOUBLE) - CAST("t0"."t" AS DOUBLE)
                      )
                    ) + "t0"."s2"
                  ) / CAST('2592000000000.0' AS DOUBLE)
                ) * CAST('3.0' AS DOUBLE),
                CAST('0.0' AS DOUBLE)
              ),
              CAST('35.0' AS DOUBLE)
            ) + GREATEST(
              CAST('0.0' AS DOUBLE) + COALESCE("t0"."n3" * CAST('-20.0' AS DOUBLE), CAST('0.0' AS DOUBLE)) + COALESCE(
                IFF("t0"."n4" > CAST('0.0' AS DOUBLE), CAST('-15.0' AS DOUBLE), CAST('0.0' AS DOUBLE)),
                CAST('0.0' AS DOUBLE)
              ),
              CAST('-50.0' AS DOUBLE)
            )
          ) * CAST('1.0' AS DOUBLE),
          CAST('100.0' AS DOUBLE)
        ),
        CAST('-50.0' AS DOUBLE)
      )
    ) < CAST('9000000000.0' AS DOUBLE),
    CAST(CAST(FLOOR(
      (
        GREATEST(
          LEAST(
            (
              CAST('0.0' AS DOUBLE) + LEAST(
                CAST('0.0' AS DOUBLE) + COALESCE(
                  "t0"."n0" * (
                    POWER(
                      CAST('2.0' AS DOUBLE),
                      (
                        -(
                          CAST("t0"."t" AS DOUBLE)
                        ) / CAST('1209600000000.0' AS DOUBLE)
                      )
                    )
                  ) * CAST('12.0' AS DOUBLE),
                  CAST('0.0' AS DOUBLE)
                ),
                CAST('40.0' AS DOUBLE)
              ) + LEAST(
                CAST('0.0' AS DOUBLE) + COALESCE(
                  "t0"."n1" * (
                    POWER(
                      CAST('2.0' AS DOUBLE),
                      (
                        -(
                          CAST("t0"."t" AS DOUBLE)
                        ) / CAST('2592000000000.0' AS DOUBLE)
                      )
                    )
                  ) * CAST('15.0' AS DOUBLE),
                  CAST('0.0' AS DOUBLE)
                ) + COALESCE(
                  (
                    (
                      (
                        "t0"."n2" * (
                          CAST('2592000000000.0' AS DOUBLE) - CAST("t0"."t" AS DOUBLE)
                        )
                      ) + "t0"."s2"
                    ) / CAST('2592000000000.0' AS DOUBLE)
                  ) * CAST('3.0' AS DOUBLE),
                  CAST('0.0' AS DOUBLE)
                ),
                CAST('35.0' AS DOUBLE)
              ) + GREATEST(
                CAST('0.0' AS DOUBLE) + COALESCE("t0"."n3" * CAST('-20.0' AS DOUBLE), CAST('0.0' AS DOUBLE)) + COALESCE(
                  IFF("t0"."n4" > CAST('0.0' AS DOUBLE), CAST('-15.0' AS DOUBLE), CAST('0.0' AS DOUBLE)),
                  CAST('0.0' AS DOUBLE)
                ),
                CAST('-50.0' AS DOUBLE)
              )
            ) * CAST('1.0' AS DOUBLE),
            CAST('100.0' AS DOUBLE)
          ),
          CAST('-50.0' AS DOUBLE)
        ) * CAST('1000000000.0' AS DOUBLE)
      ) + CAST('0.5' AS DOUBLE)
    ) AS BIGINT) AS DOUBLE) / CAST('1000000000.0' AS DOUBLE),
    GREATEST(
      LEAST(
        (
          CAST('0.0' AS DOUBLE) + LEAST(
            CAST('0.0' AS DOUBLE) + COALESCE(
              "t0"."n0" * (
                POWER(
                  CAST('2.0' AS DOUBLE),
                  (
                    -(
                      CAST("t0"."t" AS DOUBLE)
                    ) / CAST('1209600000000.0' AS DOUBLE)
                  )
                )
              ) * CAST('12.0' AS DOUBLE),
              CAST('0.0' AS DOUBLE)
            ),
            CAST('40.0' AS DOUBLE)
          ) + LEAST(
            CAST('0.0' AS DOUBLE) + COALESCE(
              "t0"."n1" * (
                POWER(
                  CAST('2.0' AS DOUBLE),
                  (
                    -(
                      CAST("t0"."t" AS DOUBLE)
                    ) / CAST('2592000000000.0' AS DOUBLE)
                  )
                )
              ) * CAST('15.0' AS DOUBLE),
              CAST('0.0' AS DOUBLE)
            ) + COALESCE(
              (
                (
                  (
                    "t0"."n2" * (
                      CAST('2592000000000.0' AS DOUBLE) - CAST("t0"."t" AS DOUBLE)
                    )
                  ) + "t0"."s2"
                ) / CAST('2592000000000.0' AS DOUBLE)
              ) * CAST('3.0' AS DOUBLE),
              CAST('0.0' AS DOUBLE)
            ),
            CAST('35.0' AS DOUBLE)
          ) + GREATEST(
            CAST('0.0' AS DOUBLE) + COALESCE("t0"."n3" * CAST('-20.0' AS DOUBLE), CAST('0.0' AS DOUBLE)) + COALESCE(
              IFF("t0"."n4" > CAST('0.0' AS DOUBLE), CAST('-15.0' AS DOUBLE), CAST('0.0' AS DOUBLE)),
              CAST('0.0' AS DOUBLE)
            ),
            CAST('-50.0' AS DOUBLE)
          )
        ) * CAST('1.0' AS DOUBLE),
        CAST('100.0' AS DOUBLE)
      ),
      CAST('-50.0' AS DOUBLE)
    )
  ) AS "score:engagement:0"
FROM "sweep_rows" AS "t0"), "sweep_grades" AS (SELECT
  "t0"."key",
  "t0"."t",
  "t0"."state",
  "t0"."n0",
  "t0"."n1",
  "t0"."n2",
  "t0"."s2",
  "t0"."n3",
  "t0"."n4",
  "t0"."n5",
  "t0"."n6",
  "t0"."n7",
  "t0"."n8",
  "t0"."n9",
  "t0"."x0_0",
  "t0"."x0_1",
  "t0"."x0_2",
  "t0"."x0_3",
  "t0"."score:fit:0",
  "t0"."score:engagement:0",
  CASE
    WHEN "t0"."score:fit:0" >= CAST('70.0' AS DOUBLE)
    THEN CAST('2.0' AS DOUBLE)
    WHEN "t0"."score:fit:0" >= CAST('40.0' AS DOUBLE)
    THEN CAST('1.0' AS DOUBLE)
    WHEN "t0"."score:fit:0" >= CAST('0.0' AS DOUBLE)
    THEN CAST('0.0' AS DOUBLE)
    ELSE CAST(NULL AS DOUBLE)
  END AS "grade:fit:0",
  CASE
    WHEN "t0"."score:engagement:0" >= CAST('50.0' AS DOUBLE)
    THEN CAST('2.0' AS DOUBLE)
    WHEN "t0"."score:engagement:0" >= CAST('25.0' AS DOUBLE)
    THEN CAST('1.0' AS DOUBLE)
    WHEN "t0"."score:engagement:0" >= CAST('-50.0' AS DOUBLE)
    THEN CAST('0.0' AS DOUBLE)
    ELSE CAST(NULL AS DOUBLE)
  END AS "grade:engagement:0"
FROM "sweep_scores" AS "t0"), "sweep_gates" AS (SELECT
  "t0"."key",
  "t0"."t",
  "t0"."state",
  "t0"."n0",
  "t0"."n1",
  "t0"."n2",
  "t0"."s2",
  "t0"."n3",
  "t0"."n4",
  "t0"."n5",
  "t0"."n6",
  "t0"."n7",
  "t0"."n8",
  "t0"."n9",
  "t0"."x0_0",
  "t0"."x0_1",
  "t0"."x0_2",
  "t0"."x0_3",
  "t0"."score:fit:0",
  "t0"."score:engagement:0",
  "t0"."grade:fit:0",
  "t0"."grade:engagement:0",
  COALESCE("t0"."x0_0", FALSE) AS "fired:0:0",
  COALESCE("t0"."x0_0", FALSE) AS "stops:0:0",
  COALESCE("t0"."x0_1", FALSE) AS "fired:1:0",
  COALESCE("t0"."x0_1", FALSE) AS "stops:1:0"
FROM "sweep_grades" AS "t0"), "sweep_paths" AS (SELECT
  "t0"."key",
  "t0"."t",
  "t0"."state",
  "t0"."n0",
  "t0"."n1",
  "t0"."n2",
  "t0"."s2",
  "t0"."n3",
  "t0"."n4",
  "t0"."n5",
  "t0"."n6",
  "t0"."n7",
  "t0"."n8",
  "t0"."n9",
  "t0"."x0_0",
  "t0"."x0_1",
  "t0"."x0_2",
  "t0"."x0_3",
  "t0"."score:fit:0",
  "t0"."score:engagement:0",
  "t0"."grade:fit:0",
  "t0"."grade:engagement:0",
  "t0"."fired:0:0",
  "t0"."stops:0:0",
  "t0"."fired:1:0",
  "t0"."stops:1:0",
  CASE
    WHEN "t0"."stops:0:0" OR "t0"."stops:1:0"
    THEN CAST(NULL AS BIGINT)
    WHEN (
      "t0"."n5" >= CAST('1.0' AS DOUBLE)
    )
    AND (
      "t0"."grade:fit:0" >= CAST('1.0' AS DOUBLE)
    )
    THEN CAST(0 AS BIGINT)
    WHEN (
      "t0"."grade:fit:0" = CAST('2.0' AS DOUBLE)
    )
    AND (
      "t0"."grade:engagement:0" = CAST('2.0' AS DOUBLE)
    )
    THEN CAST(1 AS BIGINT)
    WHEN (
      "t0"."grade:fit:0" = CAST('2.0' AS DOUBLE)
    )
    AND (
      "t0"."grade:engagement:0" = CAST('1.0' AS DOUBLE)
    )
    THEN CAST(2 AS BIGINT)
    WHEN (
      "t0"."grade:fit:0" = CAST('1.0' AS DOUBLE)
    )
    AND (
      "t0"."grade:engagement:0" = CAST('2.0' AS DOUBLE)
    )
    THEN CAST(3 AS BIGINT)
    ELSE CAST(NULL AS BIGINT)
  END AS "path:0"
FROM "sweep_gates" AS "t0"), "sweep_found" AS (SELECT
  "t0"."key",
  COUNT(*) AS "instants",
  MIN(IFF("t0"."path:0" IS NOT NULL, "t0"."t", NULL)) AS "t_0",
  MIN_BY(
    IFF("t0"."path:0" IS NOT NULL, "t0"."path:0", NULL),
    IFF("t0"."path:0" IS NOT NULL, "t0"."t", NULL)
  ) AS "code_0"
FROM "sweep_paths" AS "t0"
GROUP BY
  1) SELECT * FROM (SELECT
  "t6"."key",
  "t6"."origin" + IFF("t6"."t_0" <= "t6"."last", "t6"."t_0", CAST(NULL AS BIGINT)) AS "at_0",
  CASE
    WHEN IFF(
      IFF("t6"."t_0" <= "t6"."last", "t6"."t_0", CAST(NULL AS BIGINT)) IS NOT NULL,
      "t6"."code_0",
      CAST(NULL AS BIGINT)
    ) = 0
    THEN 'fast_track:hand-raise'
    WHEN IFF(
      IFF("t6"."t_0" <= "t6"."last", "t6"."t_0", CAST(NULL AS BIGINT)) IS NOT NULL,
      "t6"."code_0",
      CAST(NULL AS BIGINT)
    ) = 1
    THEN 'matrix:A1'
    WHEN IFF(
      IFF("t6"."t_0" <= "t6"."last", "t6"."t_0", CAST(NULL AS BIGINT)) IS NOT NULL,
      "t6"."code_0",
      CAST(NULL AS BIGINT)
    ) = 2
    THEN 'matrix:A2'
    WHEN IFF(
      IFF("t6"."t_0" <= "t6"."last", "t6"."t_0", CAST(NULL AS BIGINT)) IS NOT NULL,
      "t6"."code_0",
      CAST(NULL AS BIGINT)
    ) = 3
    THEN 'matrix:B1'
    ELSE CAST(NULL AS VARCHAR)
  END AS "path_0"
FROM (
  SELECT
    "t5".*
    EXCLUDE ("end_key")
  FROM (
    SELECT
      "t2"."key",
      "t2"."instants",
      "t2"."t_0",
      "t2"."code_0",
      "t4"."end_key",
      "t4"."origin",
      "t4"."last"
    FROM "sweep_found" AS "t2"
    INNER JOIN (
      SELECT
        "t1"."key" AS "end_key",
        "t1"."origin",
        "t1"."last"
      FROM "sweep_leads" AS "t1"
    ) AS "t4"
      ON "t2"."key" = "t4"."end_key"
  ) AS "t5"
) AS "t6") AS last_step;