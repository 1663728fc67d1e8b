-- known_leads
SELECT
  *
FROM (
  SELECT
    "t0"."lead_id",
    CAST(NULL AS VARCHAR) AS "source",
    CAST(NULL AS VARCHAR) AS "account_key",
    COALESCE(
      "t0"."email_domain",
      NULLIF(
        REGEXP_SUBSTR(
          TRIM(LOWER(CAST(NULL AS VARCHAR)), ' \t\n\r\f'),
          '^[^ ]+@([^ @]*\\.[^ @]*)$',
          1,
          1,
          'ce',
          1
        ),
        ''
      )
    ) AS "email_domain",
    DATEDIFF(MICROSECOND, TIMESTAMP_FROM_PARTS(1970, 1, 1, 0, 0, 0, 0), "t0"."created_at") AS "created_us",
    COALESCE(
      DATEDIFF(MICROSECOND, TIMESTAMP_FROM_PARTS(1970, 1, 1, 0, 0, 0, 0), "t0"."known_at"),
      DATEDIFF(MICROSECOND, TIMESTAMP_FROM_PARTS(1970, 1, 1, 0, 0, 0, 0), "t0"."created_at")
    ) AS "known_us",
    COALESCE(CAST(NULL AS VARCHAR), 'initial') = 'current' AS "row_is_current",
    IFF("t0"."industry" IN ('', 'n/a'), CAST(NULL AS VARCHAR), "t0"."industry") AS "f0",
    IFF(
      ABS(CAST("t0"."employees" AS DOUBLE)) <= 1.7976931348623157e+308,
      CAST("t0"."employees" AS DOUBLE),
      CAST(NULL AS DOUBLE)
    ) AS "f1"
  FROM "leads" AS "t0"
) AS "t1"
WHERE
  GREATEST("t1"."created_us", "t1"."known_us") <= 1796083200000000;