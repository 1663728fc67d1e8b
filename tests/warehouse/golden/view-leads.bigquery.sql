-- known_leads
SELECT
  *
FROM (
  SELECT
    `t0`.`lead_id`,
    CAST(NULL AS STRING) AS `source`,
    CAST(NULL AS STRING) AS `account_key`,
    COALESCE(
      `t0`.`email_domain`,
      NULLIF(
        IF(
          REGEXP_CONTAINS(TRIM(LOWER(CAST(NULL AS STRING)), ' \t\n\r\v\f'), '^[^ ]+@([^ @]*\\.[^ @]*)$'),
          IF(
            1 = 0,
            REGEXP_REPLACE(
              TRIM(LOWER(CAST(NULL AS STRING)), ' \t\n\r\v\f'),
              CONCAT('.*?', CONCAT('(', '^[^ ]+@([^ @]*\\.[^ @]*)$', ')'), '.*'),
              '\\1'
            ),
            REGEXP_REPLACE(
              TRIM(LOWER(CAST(NULL AS STRING)), ' \t\n\r\v\f'),
              CONCAT('.*?', '^[^ ]+@([^ @]*\\.[^ @]*)$', '.*'),
              CONCAT('\\', CAST(1 AS STRING))
            )
          ),
          NULL
        ),
        ''
      )
    ) AS `email_domain`,
    UNIX_MICROS(`t0`.`created_at`) AS `created_us`,
    COALESCE(UNIX_MICROS(`t0`.`known_at`), UNIX_MICROS(`t0`.`created_at`)) AS `known_us`,
    COALESCE(CAST(NULL AS STRING), 'initial') = 'current' AS `row_is_current`,
    IF(`t0`.`industry` IN ('', 'n/a'), CAST(NULL AS STRING), `t0`.`industry`) AS `f0`,
    IF(
      ABS(CAST(`t0`.`employees` AS FLOAT64)) <= 1.7976931348623157e+308,
      CAST(`t0`.`employees` AS FLOAT64),
      CAST(NULL AS FLOAT64)
    ) AS `f1`
  FROM `leads` AS `t0`
) AS `t1`
WHERE
  GREATEST(`t1`.`created_us`, `t1`.`known_us`) <= 1796083200000000;