-- strata
SELECT
  "t0"."lead_id",
  "t0"."unit",
  "t0"."arm",
  "t0"."phase",
  "t0"."assigned_us",
  "t0"."qualified_us",
  "t0"."handed_us",
  "t0"."sla_us",
  "t0"."at:control",
  "t0"."at:challenger",
  "t0"."segment:source",
  IFF(
    "t0"."arm" IN ('challenger', 'control'),
    CASE
      WHEN NOT (
        COALESCE("t0"."at:control" < 1796083200000000, FALSE)
      )
      AND NOT (
        COALESCE("t0"."at:challenger" < 1796083200000000, FALSE)
      )
      THEN 'none'
      WHEN NOT (
        COALESCE("t0"."at:challenger" < 1796083200000000, FALSE)
      )
      THEN 'control_first'
      WHEN NOT (
        COALESCE("t0"."at:control" < 1796083200000000, FALSE)
      )
      THEN 'arm_first'
      WHEN (
        "t0"."at:control" - IFF(
          (
            "t0"."at:control" % 3600000000
          ) < 0,
          (
            "t0"."at:control" % 3600000000
          ) + 3600000000,
          "t0"."at:control" % 3600000000
        )
      ) = (
        "t0"."at:challenger" - IFF(
          (
            "t0"."at:challenger" % 3600000000
          ) < 0,
          (
            "t0"."at:challenger" % 3600000000
          ) + 3600000000,
          "t0"."at:challenger" % 3600000000
        )
      )
      THEN 'both'
      WHEN (
        "t0"."at:control" - IFF(
          (
            "t0"."at:control" % 3600000000
          ) < 0,
          (
            "t0"."at:control" % 3600000000
          ) + 3600000000,
          "t0"."at:control" % 3600000000
        )
      ) < (
        "t0"."at:challenger" - IFF(
          (
            "t0"."at:challenger" % 3600000000
          ) < 0,
          (
            "t0"."at:challenger" % 3600000000
          ) + 3600000000,
          "t0"."at:challenger" % 3600000000
        )
      )
      THEN 'control_first'
      ELSE 'arm_first'
    END,
    CAST(NULL AS VARCHAR)
  ) AS "stratum:challenger"
FROM "judged" AS "t0";