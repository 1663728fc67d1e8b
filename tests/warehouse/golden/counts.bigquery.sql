-- cells
SELECT
  `t0`.`phase`,
  `t0`.`arm`,
  `t0`.`stratum:challenger` AS `stratum`,
  `t0`.`follow_up` >= 30 AS `is_mature`,
  COALESCE(`t0`.`age_qualified` <= 30, FALSE) AS `is_mql`,
  COUNT(*) AS `leads`,
  COUNTIF(`t0`.`age_accepted` <= 30) AS `accepted`,
  COUNTIF(`t0`.`age_rejected` <= 30) AS `rejected`,
  COUNTIF(`t0`.`age_meeting` <= 30) AS `meeting`,
  COUNTIF(`t0`.`age_sql` <= 30) AS `sql`,
  COUNTIF(`t0`.`age_opportunity` <= 30) AS `opportunity`,
  COUNTIF(`t0`.`age_won` <= 30) AS `won`,
  COUNTIF(
    COALESCE((
      `t0`.`handed_us` + COALESCE(`t0`.`sla_us`, 0)
    ) <= 1795824000000000, FALSE)
    AND COALESCE(
      (
        CAST(FLOOR(ieee_divide(`t0`.`handed_us` - `t0`.`assigned_us`, 86400000000)) AS INT64) + 1
      ) <= 30,
      FALSE
    )
  ) AS `handed`,
  COUNTIF(
    COALESCE((
      `t0`.`handed_us` + COALESCE(`t0`.`sla_us`, 0)
    ) <= 1795824000000000, FALSE)
    AND COALESCE(
      (
        CAST(FLOOR(ieee_divide(`t0`.`handed_us` - `t0`.`assigned_us`, 86400000000)) AS INT64) + 1
      ) <= 30,
      FALSE
    )
    AND COALESCE((
      `t0`.`responded_us` - `t0`.`handed_us`
    ) <= `t0`.`sla_us`, FALSE)
  ) AS `in_time`
FROM `dataset_leads` AS `t0`
GROUP BY
  1,
  2,
  3,
  4,
  5;
-- money
SELECT
  `t0`.`phase`,
  `t0`.`arm`,
  `t0`.`stratum:challenger` AS `stratum`,
  COUNT(*) AS `leads`,
  COUNTIF(`t0`.`follow_up` >= 60) AS `mature`
FROM `dataset_leads` AS `t0`
GROUP BY
  1,
  2,
  3;
-- money
SELECT
  `t1`.`phase`,
  `t1`.`arm`,
  `t1`.`stratum:challenger` AS `stratum`,
  SUM(`t1`.`money_0`) AS `total`,
  CAST(SUM(CAST(`t1`.`money_0` AS NUMERIC) * CAST(`t1`.`money_0` AS NUMERIC)) AS STRING) AS `squares`,
  SUM(CAST(`t1`.`money_0` > 0 AS INT64)) AS `wins`
FROM (
  SELECT
    *
  FROM `dataset_leads` AS `t0`
  WHERE
    `t0`.`follow_up` >= 60 AND `t0`.`money_0` <> 0
) AS `t1`
GROUP BY
  1,
  2,
  3;
