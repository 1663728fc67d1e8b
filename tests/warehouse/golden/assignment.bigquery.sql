-- enrolment_leads
WITH `t17` AS (
  SELECT
    `t16`.`lead_id`,
    `t16`.`created_us`,
    `t16`.`account_key`,
    `t16`.`email_domain`,
    `t16`.`eligible`,
    `t16`.`unit`,
    CAST(NULL AS STRING) AS `forced`
  FROM (
    SELECT
      `t15`.*
      EXCEPT (`enrolment_account_key_unit`, `enrolment_email_domain_unit`)
    FROM (
      SELECT
        `t14`.`lead_id`,
        `t14`.`created_us`,
        `t14`.`account_key`,
        `t14`.`email_domain`,
        `t14`.`eligible`,
        `t14`.`enrolment_account_key_unit`,
        `t14`.`enrolment_email_domain_unit`,
        COALESCE(
          `t14`.`enrolment_account_key_unit`,
          `t14`.`enrolment_email_domain_unit`,
          `t14`.`lead_id`
        ) AS `unit`
      FROM (
        SELECT
          `t13`.*
          EXCEPT (`enrolment_email_domain_text`)
        FROM (
          SELECT
            `t12`.`lead_id`,
            `t12`.`created_us`,
            `t12`.`account_key`,
            `t12`.`email_domain`,
            `t12`.`eligible`,
            `t12`.`enrolment_account_key_unit`,
            `t4`.`enrolment_email_domain_text`,
            `t4`.`enrolment_email_domain_unit`
          FROM (
            SELECT
              `t10`.*
              EXCEPT (`enrolment_account_key_text`)
            FROM (
              SELECT
                `t8`.`lead_id`,
                `t8`.`created_us`,
                `t8`.`account_key`,
                `t8`.`email_domain`,
                `t8`.`eligible`,
                `t5`.`enrolment_account_key_text`,
                `t5`.`enrolment_account_key_unit`
              FROM (
                SELECT
                  *
                FROM `leads` AS `t2`
              ) AS `t8`
              LEFT OUTER JOIN `enrolment_account_key` AS `t5`
                ON `t8`.`account_key` = `t5`.`enrolment_account_key_text`
            ) AS `t10`
          ) AS `t12`
          LEFT OUTER JOIN `enrolment_email_domain` AS `t4`
            ON `t12`.`email_domain` = `t4`.`enrolment_email_domain_text`
        ) AS `t13`
      ) AS `t14`
    ) AS `t15`
  ) AS `t16`
)
SELECT
  `t27`.`lead_id`,
  `t27`.`created_us`,
  `t27`.`account_key`,
  `t27`.`email_domain`,
  `t27`.`eligible`,
  `t27`.`unit`,
  `t27`.`forced`,
  `t27`.`handed`,
  `t27`.`kept_out`,
  (
    `t27`.`kept_out` IS NULL
  ) AND (
    `t27`.`forced` IS NULL
  ) AS `judged`
FROM (
  SELECT
    `t26`.`lead_id`,
    `t26`.`created_us`,
    `t26`.`account_key`,
    `t26`.`email_domain`,
    `t26`.`eligible`,
    `t26`.`unit`,
    `t26`.`forced`,
    `t26`.`handed`,
    CASE
      WHEN `t26`.`created_us` < 1782856800000000
      THEN 'before_enrolment'
      WHEN `t26`.`created_us` > 1790805599999999
      THEN 'after_enrolment'
      WHEN `t26`.`handed`
      THEN 'prior_handoff'
      WHEN `t26`.`eligible` IS NULL
      THEN 'eligibility_unknown'
      WHEN NOT (
        `t26`.`eligible`
      )
      THEN 'ineligible'
      ELSE CAST(NULL AS STRING)
    END AS `kept_out`
  FROM (
    SELECT
      `t25`.*
      EXCEPT (`handed_unit`)
    FROM (
      SELECT
        `t24`.`lead_id`,
        `t24`.`created_us`,
        `t24`.`account_key`,
        `t24`.`email_domain`,
        `t24`.`eligible`,
        `t24`.`unit`,
        `t24`.`forced`,
        `t24`.`handed_unit`,
        `t24`.`handed_unit` IS NOT NULL AS `handed`
      FROM (
        SELECT
          `t19`.`lead_id`,
          `t19`.`created_us`,
          `t19`.`account_key`,
          `t19`.`email_domain`,
          `t19`.`eligible`,
          `t19`.`unit`,
          `t19`.`forced`,
          `t23`.`handed_unit`
        FROM `t17` AS `t19`
        LEFT OUTER JOIN (
          SELECT DISTINCT
            *
          FROM (
            SELECT
              `t20`.`unit` AS `handed_unit`
            FROM (
              SELECT DISTINCT
                `t0`.`lead_id` AS `gone`
              FROM `handoffs` AS `t0`
              WHERE
                `t0`.`occurred_us` < 1782856800000000
            ) AS `t9`
            INNER JOIN `t17` AS `t20`
              ON `t9`.`gone` = `t20`.`lead_id`
          ) AS `t21`
        ) AS `t23`
          ON `t19`.`unit` = `t23`.`handed_unit`
      ) AS `t24`
    ) AS `t25`
  ) AS `t26`
) AS `t27`;
-- enrolment
SELECT
  `t18`.`lead_id`,
  `t18`.`unit`,
  CASE
    WHEN `t18`.`forced` IS NOT NULL
    THEN `t18`.`forced`
    WHEN NOT (
      `t18`.`forced` IS NOT NULL
    )
    AND NOT (
      `t18`.`kept_out` IS NOT NULL
    )
    AND `t18`.`owned`
    AND `t18`.`covered`
    THEN `t18`.`placed_arm`
    ELSE CAST(NULL AS STRING)
  END AS `arm`,
  CASE
    WHEN `t18`.`forced` IS NOT NULL
    THEN CASE
      WHEN `t18`.`created_us` >= 1784066400000000
      THEN 2
      WHEN `t18`.`created_us` >= 1782856800000000
      THEN 1
      ELSE CAST(NULL AS INT64)
    END
    WHEN NOT (
      (
        `t18`.`created_us` >= 1782856800000000
      )
      AND (
        `t18`.`created_us` <= 1790805599999999
      )
    )
    THEN CAST(NULL AS INT64)
    WHEN `t18`.`kept_out` IS NOT NULL
    THEN CASE
      WHEN `t18`.`created_us` >= 1784066400000000
      THEN 2
      WHEN `t18`.`created_us` >= 1782856800000000
      THEN 1
      ELSE CAST(NULL AS INT64)
    END
    ELSE `t18`.`placed_phase`
  END AS `phase`,
  CASE
    WHEN `t18`.`forced` IS NOT NULL
    THEN 'override'
    WHEN `t18`.`kept_out` IS NOT NULL
    THEN `t18`.`kept_out`
    WHEN NOT (
      `t18`.`owned`
    )
    THEN 'layer'
    WHEN NOT (
      `t18`.`covered`
    )
    THEN 'coverage'
    ELSE 'in'
  END AS `why`,
  (
    `t18`.`forced` IS NOT NULL
  )
  OR (
    NOT (
      `t18`.`forced` IS NOT NULL
    )
    AND NOT (
      `t18`.`kept_out` IS NOT NULL
    )
    AND `t18`.`owned`
    AND `t18`.`covered`
  ) AS `in_experiment`,
  CASE
    WHEN `t18`.`forced` IS NOT NULL
    THEN `t18`.`created_us`
    WHEN NOT (
      `t18`.`forced` IS NOT NULL
    )
    AND NOT (
      `t18`.`kept_out` IS NOT NULL
    )
    AND `t18`.`owned`
    AND `t18`.`covered`
    THEN `t18`.`created_us`
    ELSE CAST(NULL AS INT64)
  END AS `start_us`,
  `t18`.`created_us`,
  `t18`.`forced` IS NOT NULL AS `override`
FROM (
  SELECT
    `t17`.*
    EXCEPT (`placed_unit`)
  FROM (
    SELECT
      `t2`.`lead_id`,
      `t2`.`created_us`,
      `t2`.`account_key`,
      `t2`.`email_domain`,
      `t2`.`eligible`,
      `t2`.`unit`,
      `t2`.`forced`,
      `t2`.`handed`,
      `t2`.`kept_out`,
      `t2`.`judged`,
      `t16`.`placed_unit`,
      `t16`.`owned`,
      `t16`.`covered`,
      `t16`.`placed_arm`,
      `t16`.`placed_phase`,
      `t16`.`claimed_us`
    FROM `enrolment_leads` AS `t2`
    LEFT OUTER JOIN (
      SELECT
        `t14`.`unit` AS `placed_unit`,
        `t14`.`owned`,
        `t14`.`covered`,
        `t14`.`placed_arm`,
        `t14`.`placed_phase`,
        `t14`.`claimed_us`
      FROM (
        SELECT
          `t13`.*
          EXCEPT (`judged_us`)
        FROM (
          SELECT
            `t12`.`unit`,
            `t12`.`judged_us`,
            (
              `t12`.`claim_unit` IS NOT NULL
            ) OR `t12`.`owned` AS `owned`,
            IF(`t12`.`claim_unit` IS NOT NULL, `t12`.`claim_arm` IS NOT NULL, `t12`.`covered`) AS `covered`,
            IF(`t12`.`claim_unit` IS NOT NULL, `t12`.`claim_arm`, `t12`.`placed_arm`) AS `placed_arm`,
            COALESCE(`t12`.`claim_phase`, `t12`.`placed_phase`) AS `placed_phase`,
            `t12`.`claim_us` AS `claimed_us`
          FROM (
            SELECT
              `t11`.`unit`,
              `t11`.`judged_us`,
              `t11`.`owned`,
              `t11`.`covered`,
              `t11`.`placed_arm`,
              `t11`.`placed_phase`,
              `t11`.`claimed_us`,
              `t9`.`claim_unit`,
              `t9`.`claim_arm`,
              `t9`.`claim_phase`,
              `t9`.`claim_us`
            FROM (
              SELECT
                `t7`.`unit`,
                `t7`.`judged_us`,
                `t7`.`owned`,
                `t7`.`covered`,
                IF(
                  `t7`.`owned` AND `t7`.`covered`,
                  CASE
                    WHEN SUBSTRING(
                      TO_HEX(MD5(CONCAT('2026q3-intent-split-', `t7`.`unit`))),
                      IF(
                        (
                          0 + 1
                        ) >= 1,
                        0 + 1,
                        0 + 1 + LENGTH(TO_HEX(MD5(CONCAT('2026q3-intent-split-', `t7`.`unit`))))
                      ),
                      8
                    ) < '80000000'
                    THEN 'current'
                    ELSE 'challenger'
                  END,
                  CAST(NULL AS STRING)
                ) AS `placed_arm`,
                CASE
                  WHEN `t7`.`judged_us` >= 1784066400000000
                  THEN 2
                  WHEN `t7`.`judged_us` >= 1782856800000000
                  THEN 1
                  ELSE CAST(NULL AS INT64)
                END AS `placed_phase`,
                CAST(NULL AS INT64) AS `claimed_us`
              FROM (
                SELECT
                  `t5`.`unit`,
                  `t5`.`judged_us`,
                  (
                    SUBSTRING(
                      TO_HEX(MD5(CONCAT('inbound-', `t5`.`unit`))),
                      IF(
                        (
                          0 + 1
                        ) >= 1,
                        0 + 1,
                        0 + 1 + LENGTH(TO_HEX(MD5(CONCAT('inbound-', `t5`.`unit`))))
                      ),
                      8
                    ) < '80000000'
                  )
                  AND NOT (
                    FALSE
                  ) AS `owned`,
                  CASE
                    WHEN `t5`.`judged_us` >= 1784066400000000
                    THEN TRUE
                    WHEN `t5`.`judged_us` >= 1782856800000000
                    THEN SUBSTRING(
                      TO_HEX(MD5(CONCAT('2026q3-intent-traffic-', `t5`.`unit`))),
                      IF(
                        (
                          0 + 1
                        ) >= 1,
                        0 + 1,
                        0 + 1 + LENGTH(TO_HEX(MD5(CONCAT('2026q3-intent-traffic-', `t5`.`unit`))))
                      ),
                      8
                    ) < '19999999'
                    ELSE FALSE
                  END AS `covered`
                FROM (
                  SELECT
                    `t3`.`unit`,
                    MIN(`t3`.`created_us`) AS `judged_us`
                  FROM (
                    SELECT
                      *
                    FROM `enrolment_leads` AS `t0`
                    WHERE
                      `t0`.`judged`
                  ) AS `t3`
                  GROUP BY
                    1
                ) AS `t5`
              ) AS `t7`
            ) AS `t11`
            LEFT OUTER JOIN (
              SELECT
                `t6`.`unit` AS `claim_unit`,
                `t6`.`arm` AS `claim_arm`,
                `t6`.`phase` AS `claim_phase`,
                `t6`.`assigned_us` AS `claim_us`
              FROM (
                SELECT
                  `t4`.`experiment`,
                  `t4`.`unit`,
                  `t4`.`arm`,
                  `t4`.`phase`,
                  `t4`.`assigned_us`,
                  ROW_NUMBER() OVER (
                    PARTITION BY `t4`.`unit`
                    ORDER BY `t4`.`assigned_us` ASC, CASE
                      WHEN `t4`.`arm` = 'current'
                      THEN 0
                      WHEN `t4`.`arm` = 'challenger'
                      THEN 1
                      ELSE 2
                    END ASC, `t4`.`phase` ASC
                  ) - 1 AS `place`
                FROM (
                  SELECT
                    *
                  FROM `assignments` AS `t1`
                  WHERE
                    `t1`.`experiment` = '2026q3-intent' AND `t1`.`unit` IS NOT NULL
                ) AS `t4`
              ) AS `t6`
              WHERE
                `t6`.`place` = 0
            ) AS `t9`
              ON `t11`.`unit` = `t9`.`claim_unit`
          ) AS `t12`
        ) AS `t13`
      ) AS `t14`
    ) AS `t16`
      ON `t2`.`unit` = `t16`.`placed_unit`
  ) AS `t17`
) AS `t18`;