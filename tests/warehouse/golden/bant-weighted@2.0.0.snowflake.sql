-- changes_in_order
SELECT
  "t1"."key",
  "t1"."field",
  "t1"."from_us",
  "t1"."f0",
  "t1"."f1",
  "t1"."f2",
  "t1"."f3",
  "t1"."f4",
  "t1"."f5",
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
    "t0"."field" IN ('authority', 'budget', 'email_domain', 'fit', 'need', 'timeline')
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
  "t2"."key",
  "t2"."name",
  "t2"."last" AS "final",
  "t2"."occurred_us" - "t2"."origin" AS "occ",
  "t2"."known_us" - "t2"."origin" AS "known"
FROM (
  SELECT
    "t1"."key",
    "t1"."start_us",
    "t1"."until_us",
    "t1"."name",
    "t1"."occurred_us",
    "t1"."known_us",
    LEAST("t1"."start_us", 1798761600000000) AS "origin",
    "t1"."start_us" <= 1798761600000000 AS "begun",
    IFF(
      "t1"."start_us" <= 1798761600000000,
      IFF(
        "t1"."until_us" IS NULL,
        1798761600000000,
        LEAST(1798761600000000, "t1"."until_us" - 1)
      ) - LEAST("t1"."start_us", 1798761600000000),
      -1
    ) AS "last"
  FROM (
    SELECT
      *
    FROM "view_events" AS "t0"
    LIMIT 0
  ) AS "t1"
) AS "t2"
WHERE
  (
    "t2"."known_us" - "t2"."origin"
  ) <= "t2"."last"), "sweep_stream" AS (SELECT
  *
FROM (
  SELECT
    "t0"."key",
    CAST(-1 AS SMALLINT) AS "ch",
    CAST(0 AS BIGINT) AS "t",
    CAST('0.0' AS DOUBLE) AS "w"
  FROM "sweep_leads" AS "t0"
) AS "t3"
UNION ALL
SELECT
  *
FROM (
  SELECT
    "t10"."key",
    CAST(-2 AS SMALLINT) AS "ch",
    GREATEST("t10"."from_us" - "t10"."origin", 0) AS "t",
    CAST('1.0' AS DOUBLE) AS "w"
  FROM (
    SELECT
      "t9"."key",
      "t9"."from_us",
      "t4"."lead_key",
      "t4"."origin",
      "t4"."final"
    FROM (
      SELECT
        "t7"."key",
        "t7"."from_us"
      FROM (
        SELECT
          "t6"."key",
          "t6"."from_us",
          "t6"."c0",
          "t6"."c1",
          (
            ROW_NUMBER() OVER (PARTITION BY "t6"."key" ORDER BY "t6"."from_us" ASC) - 1
          ) + 1 AS "state"
        FROM (
          SELECT DISTINCT
            *
          FROM (
            SELECT
              "t1"."key",
              "t1"."from_us",
              MAX(IFF("t1"."field" = 'authority', "t1"."number", CAST(NULL AS BIGINT))) OVER (
                PARTITION BY "t1"."key"
                ORDER BY "t1"."from_us" ASC
                RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
              ) AS "c0",
              MAX(IFF("t1"."field" = 'budget', "t1"."number", CAST(NULL AS BIGINT))) OVER (
                PARTITION BY "t1"."key"
                ORDER BY "t1"."from_us" ASC
                RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
              ) AS "c1"
            FROM "changes_in_order" AS "t1"
          ) AS "t5"
        ) AS "t6"
      ) AS "t7"
    ) AS "t9"
    INNER JOIN (
      SELECT
        "t0"."key" AS "lead_key",
        "t0"."origin",
        "t0"."final"
      FROM "sweep_leads" AS "t0"
    ) AS "t4"
      ON "t9"."key" = "t4"."lead_key"
  ) AS "t10"
  WHERE
    (
      "t10"."from_us" - "t10"."origin"
    ) <= "t10"."final"
) AS "t11"), "sweep_sums" AS (SELECT
  "t0"."key",
  "t0"."t",
  SUM(IFF("t0"."ch" = -2, 1, 0)) OVER (
    PARTITION BY "t0"."key"
    ORDER BY "t0"."t" ASC
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS "state"
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
    "t2"."f4",
    "t2"."f5"
  FROM "view_leads" AS "t2"
  LEFT OUTER JOIN (
    SELECT
      "t7"."key" AS "changed_key",
      "t7"."has_c0",
      "t7"."has_c1"
    FROM (
      SELECT
        "t1"."key",
        MAX(IFF("t1"."field" = 'authority', 1, 0)) AS "has_c0",
        MAX(IFF("t1"."field" = 'budget', 1, 0)) AS "has_c1"
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
  "t28"."f2" IN ('other.io', 'rival.com') AS "x0_0",
  CASE
    WHEN COALESCE("t28"."f4", 'none') = 'none'
    THEN CAST('0.0' AS DOUBLE)
    WHEN COALESCE("t28"."f4", 'none') = 'low'
    THEN CAST('1.0' AS DOUBLE)
    WHEN COALESCE("t28"."f4", 'none') = 'medium'
    THEN CAST('2.0' AS DOUBLE)
    WHEN COALESCE("t28"."f4", 'none') = 'high'
    THEN CAST('3.0' AS DOUBLE)
    ELSE CAST(NULL AS DOUBLE)
  END >= CAST('2.0' AS DOUBLE) AS "x0_1",
  (
    COALESCE("t28"."f5", 'none') = 'none'
  )
  AND (
    COALESCE("t28"."f1", 'none') = 'none'
  ) AS "x0_2",
  COALESCE(
    CASE
      WHEN COALESCE("t28"."f4", 'none') = 'none'
      THEN CAST('0.0' AS DOUBLE)
      WHEN COALESCE("t28"."f4", 'none') = 'low'
      THEN CAST('1.0' AS DOUBLE)
      WHEN COALESCE("t28"."f4", 'none') = 'medium'
      THEN CAST('2.0' AS DOUBLE)
      WHEN COALESCE("t28"."f4", 'none') = 'high'
      THEN CAST('3.0' AS DOUBLE)
      ELSE CAST(NULL AS DOUBLE)
    END * CAST('4.0' AS DOUBLE),
    CAST('0.0' AS DOUBLE)
  ) + COALESCE(
    CASE
      WHEN COALESCE("t28"."f0", 'none') = 'none'
      THEN CAST('0.0' AS DOUBLE)
      WHEN COALESCE("t28"."f0", 'none') = 'low'
      THEN CAST('1.0' AS DOUBLE)
      WHEN COALESCE("t28"."f0", 'none') = 'medium'
      THEN CAST('2.0' AS DOUBLE)
      WHEN COALESCE("t28"."f0", 'none') = 'high'
      THEN CAST('3.0' AS DOUBLE)
      ELSE CAST(NULL AS DOUBLE)
    END * CAST('3.0' AS DOUBLE),
    CAST('0.0' AS DOUBLE)
  ) + COALESCE(
    CASE
      WHEN COALESCE("t28"."f1", 'none') = 'none'
      THEN CAST('0.0' AS DOUBLE)
      WHEN COALESCE("t28"."f1", 'none') = 'low'
      THEN CAST('1.0' AS DOUBLE)
      WHEN COALESCE("t28"."f1", 'none') = 'medium'
      THEN CAST('2.0' AS DOUBLE)
      WHEN COALESCE("t28"."f1", 'none') = 'high'
      THEN CAST('3.0' AS DOUBLE)
      ELSE CAST(NULL AS DOUBLE)
    END * CAST('3.0' AS DOUBLE),
    CAST('0.0' AS DOUBLE)
  ) + COALESCE(
    CASE
      WHEN COALESCE("t28"."f5", 'none') = 'none'
      THEN CAST('0.0' AS DOUBLE)
      WHEN COALESCE("t28"."f5", 'none') = 'low'
      THEN CAST('1.0' AS DOUBLE)
      WHEN COALESCE("t28"."f5", 'none') = 'medium'
      THEN CAST('2.0' AS DOUBLE)
      WHEN COALESCE("t28"."f5", 'none') = 'high'
      THEN CAST('3.0' AS DOUBLE)
      ELSE CAST(NULL AS DOUBLE)
    END * CAST('2.0' AS DOUBLE),
    CAST('0.0' AS DOUBLE)
  ) + COALESCE(
    CASE
      WHEN COALESCE("t28"."f3", 'none') = 'none'
      THEN CAST('0.0' AS DOUBLE)
      WHEN COALESCE("t28"."f3", 'none') = 'low'
      THEN CAST('1.0' AS DOUBLE)
      WHEN COALESCE("t28"."f3", 'none') = 'medium'
      THEN CAST('2.0' AS DOUBLE)
      WHEN COALESCE("t28"."f3", 'none') = 'high'
      THEN CAST('3.0' AS DOUBLE)
      ELSE CAST(NULL AS DOUBLE)
    END * CAST('3.0' AS DOUBLE),
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
        "t19"."f4",
        "t19"."f5"
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
                      MAX(IFF("t1"."field" = 'authority', "t1"."number", CAST(NULL AS BIGINT))) OVER (
                        PARTITION BY "t1"."key"
                        ORDER BY "t1"."from_us" ASC
                        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                      ) AS "c0",
                      MAX(IFF("t1"."field" = 'budget', "t1"."number", CAST(NULL AS BIGINT))) OVER (
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
                  "t1"."field" = 'authority'
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
              "t1"."field" = 'budget'
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
          "t16"."f4",
          "t16"."f5"
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
  "t0"."x0_0",
  "t0"."x0_1",
  "t0"."x0_2",
  "t0"."x0_3",
  IFF(
    ABS(
      (
        CAST('0.0' AS DOUBLE) + (
          CAST('0.0' AS DOUBLE) + "t0"."x0_3"
        )
      ) * CAST('2.2222222222222223' AS DOUBLE)
    ) < CAST('9000000000.0' AS DOUBLE),
    CAST(CAST(FLOOR(
      (
        (
          CAST('0.0' AS DOUBLE) + (
            CAST('0.0' AS DOUBLE) + "t0"."x0_3"
          )
        ) * CAST('2.2222222222222223' AS DOUBLE) * CAST('1000000000.0' AS DOUBLE)
      ) + CAST('0.5' AS DOUBLE)
    ) AS BIGINT) AS DOUBLE) / CAST('1000000000.0' AS DOUBLE),
    (
      CAST('0.0' AS DOUBLE) + (
        CAST('0.0' AS DOUBLE) + "t0"."x0_3"
      )
    ) * CAST('2.2222222222222223' AS DOUBLE)
  ) AS "score:bant:0"
FROM "sweep_rows" AS "t0"), "sweep_gates" AS (SELECT
  "t0"."key",
  "t0"."t",
  "t0"."state",
  "t0"."x0_0",
  "t0"."x0_1",
  "t0"."x0_2",
  "t0"."x0_3",
  "t0"."score:bant:0",
  COALESCE("t0"."x0_0", FALSE) AS "fired:0:0",
  COALESCE("t0"."x0_0", TRUE) AS "stops:0:0"
FROM "sweep_scores" AS "t0"), "sweep_paths" AS (SELECT
  "t0"."key",
  "t0"."t",
  "t0"."state",
  "t0"."x0_0",
  "t0"."x0_1",
  "t0"."x0_2",
  "t0"."x0_3",
  "t0"."score:bant:0",
  "t0"."fired:0:0",
  "t0"."stops:0:0",
  CASE
    WHEN "t0"."stops:0:0"
    THEN CAST(NULL AS BIGINT)
    WHEN (
      "t0"."score:bant:0" >= CAST('60.0' AS DOUBLE)
    ) AND "t0"."x0_1"
    THEN CAST(0 AS BIGINT)
    ELSE CAST(NULL AS BIGINT)
  END AS "path:0"
FROM "sweep_gates" AS "t0"), "sweep_found" AS (SELECT
  "t0"."key",
  COUNT(*) AS "instants",
  MIN(IFF("t0"."path:0" IS NOT NULL, "t0"."t", NULL)) AS "t_0"
FROM "sweep_paths" AS "t0"
GROUP BY
  1) SELECT * FROM (SELECT
  "t6"."key",
  "t6"."origin" + IFF("t6"."t_0" <= "t6"."last", "t6"."t_0", CAST(NULL AS BIGINT)) AS "at_0",
  CASE
    WHEN IFF(
      IFF("t6"."t_0" <= "t6"."last", "t6"."t_0", CAST(NULL AS BIGINT)) IS NOT NULL,
      IFF(
        IFF("t6"."t_0" <= "t6"."last", "t6"."t_0", CAST(NULL AS BIGINT)) IS NOT NULL,
        0,
        CAST(NULL AS BIGINT)
      ),
      CAST(NULL AS BIGINT)
    ) = 0
    THEN 'score'
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