"""Files as CRM systems export them, written from their documented shapes, and what each should be read as."""

# ruff: noqa: E501  (a row of a file is as long as it is)

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Export:
    """One file: its rows, the columns without which it cannot be read, and what its rows state.

    `states`: the number of statements; `rows` that state nothing are the difference that `blank` makes.
    """

    preset: str
    kind: str
    table: str
    name: str
    text: str
    needs: tuple[str, ...]
    states: int
    blank: int = 0

    def __str__(self) -> str:
        return f"{self.preset} {self.kind} of {self.table} {self.name}"

    @property
    def cells(self) -> list[list[str]]:
        """The header and the rows."""
        return list(csv.reader(io.StringIO(self.text.strip() + "\n")))

    def shuffled(self, seed: int) -> str:
        """The same file with its columns in another order, and columns that nobody knows between them."""
        order = list(range(len(self.cells[0])))
        random.Random(seed).shuffle(order)
        rows = [[row[place] for place in order] for row in self.cells]
        return _text(
            [*row[:1], f"Extra {seed}" if number == 0 else "x", *row[1:], "more"] for number, row in enumerate(rows)
        )

    def without(self, column: str) -> str:
        """The same file without one column."""
        place = self.cells[0].index(column)
        return _text([*row[:place], *row[place + 1 :]] for row in self.cells)


def _text(rows: object) -> str:
    sink = io.StringIO()
    assert not isinstance(rows, str)
    csv.writer(sink, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return sink.getvalue()


SALESFORCE: Sequence[Export] = (
    Export(
        "salesforce", "leads", "lead", "API",
        """
Id,CreatedDate,Email,Company,Title,Industry,AnnualRevenue,NumberOfEmployees,Country,LeadSource,Status,OwnerId,IsConverted,ConvertedDate,ConvertedContactId,ConvertedOpportunityId,IsDeleted,MasterRecordId,SystemModstamp
00Q000000000001EAA,2026-07-01T08:00:00.000Z,ada@example.com,Example,VP Sales,Software,1000000,120,DE,Web,Working,005000000000001AAA,true,2026-07-20,003000000000001AAA,006000000000001AAA,false,,2026-07-20T09:00:00.000Z
00Q000000000002EAA,2026-07-02T08:00:00.000+0000,bob@example.org,Other,,,,,,Event,Open,005000000000001AAA,false,,,,false,,2026-07-03T09:00:00.000Z
""",
        ("Id", "CreatedDate"), 2,
    ),
    Export(
        "salesforce", "outcomes", "lead", "API",
        """
Id,CreatedDate,IsConverted,ConvertedDate,ConvertedContactId,ConvertedOpportunityId,Status,LeadSource,SystemModstamp
00Q000000000001EAA,2026-07-01T08:00:00.000Z,true,2026-07-20,003000000000001AAA,006000000000001AAA,Qualified,Web,2026-07-20T09:00:00.000Z
00Q000000000002EAA,2026-07-01T08:00:00.000Z,false,,,,Open,Web,2026-07-20T09:00:00.000Z
""",
        ("Id", "IsConverted", "ConvertedDate"), 2, 1,
    ),
    Export(
        "salesforce", "identity", "lead", "API",
        """
Id,CreatedDate,LeadSource,IsConverted,ConvertedDate,ConvertedContactId,ConvertedOpportunityId,IsDeleted,MasterRecordId,SystemModstamp
00Q000000000001EAA,2026-07-01T08:00:00.000Z,Web,true,2026-07-20,003000000000001AAA,006000000000001AAA,false,,2026-07-20T09:00:00.000Z
00Q000000000003EAA,2026-07-01T08:00:00.000Z,Web,false,,,,true,00Q000000000001EAA,2026-07-21T09:00:00.000Z
00Q000000000002EAA,2026-07-01T08:00:00.000Z,Web,false,,,,false,,2026-07-20T09:00:00.000Z
""",
        ("Id", "IsConverted", "ConvertedDate"), 3, 1,
    ),
    Export(
        "salesforce", "outcomes", "lead_history", "API",
        """
Id,LeadId,Field,DataType,OldValue,NewValue,CreatedById,CreatedDate,IsDeleted
017000000000001AAA,00Q000000000001EAA,Status,Picklist,Open,Working,005000000000001AAA,2026-07-05T10:00:00.000Z,false
017000000000002AAA,00Q000000000002EAA,Status,Picklist,Open,Unqualified,005000000000001AAA,2026-07-06T10:00:00.000Z,false
017000000000003AAA,00Q000000000002EAA,Status,Picklist,Unqualified,Recycled,005000000000001AAA,2026-07-09T10:00:00.000Z,false
017000000000004AAA,00Q000000000002EAA,Owner,Text,a,b,005000000000001AAA,2026-07-06T11:00:00.000Z,false
017000000000005AAA,00Q000000000001EAA,Status,Picklist,Working,Qualified,005000000000001AAA,2026-07-11T10:00:00.000Z,false
""",
        ("LeadId", "Field", "NewValue", "CreatedDate"), 4, 1,
    ),
    Export(
        "salesforce", "field-changes", "lead_history", "API",
        """
Id,LeadId,Field,OldValue,NewValue,CreatedDate,IsDeleted
017000000000001AAA,00Q000000000001EAA,NumberOfEmployees,100,120,2026-07-05T10:00:00.000Z,false
017000000000002AAA,00Q000000000001EAA,leadConverted,,,2026-07-20T10:00:00.000Z,false
""",
        ("LeadId", "Field", "NewValue", "CreatedDate"), 1, 1,
    ),
    Export(
        "salesforce", "outcomes", "opportunity", "API",
        """
Id,AccountId,Name,Type,LeadSource,OwnerId,CreatedDate,StageName,IsClosed,IsWon,Amount,CurrencyIsoCode,CloseDate,IsDeleted,SystemModstamp
006000000000001AAA,001000000000001AAA,Deal,New Business,Web,005000000000001AAA,2026-07-20T09:00:00.000Z,Closed Won,true,true,12000.5,EUR,2026-08-30,false,2026-08-30T09:00:00.000Z
006000000000002AAA,001000000000001AAA,Deal 2,New Business,Web,005000000000001AAA,2026-07-21T09:00:00.000Z,Closed Lost,true,false,500,EUR,2026-08-31,false,2026-08-31T09:00:00.000Z
006000000000003AAA,001000000000001AAA,Deal 3,New Business,Web,005000000000001AAA,2026-07-22T09:00:00.000Z,Prospecting,false,false,,EUR,2026-09-30,false,2026-07-22T09:00:00.000Z
006000000000004AAA,001000000000001AAA,Gone,New Business,Web,005000000000001AAA,2026-07-22T09:00:00.000Z,Prospecting,false,false,,EUR,2026-09-30,true,2026-07-22T09:00:00.000Z
""",
        ("Id", "CreatedDate", "IsClosed", "IsWon", "CloseDate"), 6, 1,
    ),
    Export(
        "salesforce", "outcomes", "opportunity_history", "API",
        """
Id,OpportunityId,StageName,Amount,CloseDate,Probability,CreatedDate,CurrencyIsoCode,IsDeleted
008000000000001AAA,006000000000001AAA,Proposal,10000,2026-08-30,50,2026-08-01T09:00:00.000Z,EUR,false
008000000000002AAA,006000000000001AAA,Closed Won,12000,2026-08-30,100,2026-08-28T09:00:00.000Z,EUR,false
008000000000003AAA,006000000000001AAA,Closed Won,13000,2026-08-30,100,2026-09-05T09:00:00.000Z,EUR,false
""",
        ("OpportunityId", "StageName", "CreatedDate"), 3,
    ),
    Export(
        "salesforce", "outcomes", "opportunity_field_history", "API",
        """
Id,OpportunityId,Field,DataType,OldValue,NewValue,CreatedDate
00H000000000001EAA,006000000000001AAA,StageName,Picklist,Proposal,Closed Lost,2026-08-01T09:00:00.000Z
00H000000000002EAA,006000000000001AAA,StageName,Picklist,Closed Lost,Proposal,2026-08-05T09:00:00.000Z
00H000000000003EAA,006000000000001AAA,Amount,Currency,100,250,2026-08-06T09:00:00.000Z
00H000000000004EAA,006000000000001AAA,StageName,Picklist,Proposal,Closed Won,2026-08-09T09:00:00.000Z
00H000000000005EAA,006000000000001AAA,NextStep,Text,a,b,2026-08-09T09:00:00.000Z
""",
        ("OpportunityId", "Field", "OldValue", "NewValue", "CreatedDate"), 4, 1,
    ),
    Export(
        "salesforce", "outcomes", "opportunity_versions", "Fivetran's history mode",
        """
id,created_date,type,stage_name,is_closed,is_won,amount,currency_iso_code,close_date,is_deleted,_fivetran_start,_fivetran_end,_fivetran_active
006000000000001AAA,2026-07-20 09:00:00,New,Proposal,false,false,1000,EUR,2026-08-30,false,2026-07-20 09:00:00,2026-08-28 08:59:59,false
006000000000001AAA,2026-07-20 09:00:00,New,Closed Won,true,true,1200,EUR,2026-08-30,false,2026-08-28 09:00:00,9999-12-31 23:59:59,true
""",
        ("id", "created_date", "is_closed", "is_won", "_fivetran_start"), 4,
    ),
    Export(
        "salesforce", "identity", "contact_role", "API",
        """
Id,OpportunityId,ContactId,Role,IsPrimary,CreatedDate
00K000000000001EAA,006000000000002AAA,003000000000001AAA,Decision Maker,true,2026-07-21T09:00:00.000Z
""",
        ("OpportunityId", "ContactId", "CreatedDate"), 1,
    ),
    Export(
        "salesforce", "identity", "contact", "Fivetran",
        """
id,_fivetran_synced,account_id,department,mailing_country,is_deleted,last_modified_date,master_record_id
003000000000009AAA,2026-07-21 10:00:00,001000000000001AAA,,DE,true,2026-07-21 09:00:00,003000000000001AAA
003000000000001AAA,2026-07-21 10:00:00,001000000000001AAA,,DE,false,2026-07-21 09:00:00,
""",
        ("id", "master_record_id"), 1, 1,
    ),
    Export(
        "salesforce", "events", "campaign_member", "API",
        """
Id,CampaignId,LeadId,Status,HasResponded,FirstRespondedDate
00v000000000001AAA,701000000000001AAA,00Q000000000001EAA,Attended,true,2026-07-03
00v000000000002AAA,701000000000001AAA,00Q000000000002EAA,Sent,false,
""",
        ("CampaignId", "LeadId", "HasResponded", "FirstRespondedDate"), 1, 1,
    ),
    Export(
        "salesforce", "outcomes", "task", "API",
        """
Id,WhoId,WhatId,Status,IsClosed,CompletedDateTime,ActivityDate,OwnerId,TaskSubtype,SystemModstamp
00T000000000001EAA,00Q000000000001EAA,,Completed,true,2026-07-03T10:00:00.000Z,2026-07-03,005000000000001AAA,Call,2026-07-03T10:00:00.000Z
00T000000000002EAA,00Q000000000002EAA,,Completed,true,,2026-07-04,005000000000001AAA,Email,2026-07-04T10:00:00.000Z
00T000000000003EAA,00Q000000000002EAA,,Not Started,false,,2026-07-14,005000000000001AAA,Call,2026-07-04T10:00:00.000Z
00T000000000004EAA,,006000000000001AAA,Completed,true,2026-07-04T10:00:00.000Z,2026-07-04,005000000000001AAA,Call,2026-07-04T10:00:00.000Z
""",
        ("WhoId", "Status", "ActivityDate"), 2, 2,
    ),
    Export(
        "salesforce", "outcomes", "event", "API",
        """
Id,WhoId,StartDateTime,EndDateTime,DurationInMinutes,OwnerId,IsChild,Location
00U000000000001EAA,00Q000000000001EAA,2026-07-10T13:00:00.000Z,2026-07-10T13:30:00.000Z,30,005000000000001AAA,false,
00U000000000002EAA,00Q000000000001EAA,2026-07-10T13:00:00.000Z,2026-07-10T13:30:00.000Z,30,005000000000002AAA,true,
""",
        ("WhoId", "StartDateTime"), 1, 1,
    ),
)  # fmt: skip
"""Salesforce, as crm.md section 2.2 and 2.5 describe its tables."""

HUBSPOT: Sequence[Export] = (
    Export(
        "hubspot", "leads", "contact", "API",
        """
hs_object_id,createdate,lastmodifieddate,email,lifecyclestage,hs_lead_status,hubspot_owner_id,hs_analytics_source,jobtitle,company,industry,numemployees,associatedcompanyid
101,2026-07-01T08:00:00.000Z,2026-07-20T08:00:00.000Z,ada@example.com,lead,NEW,9,ORGANIC_SEARCH,VP,Example,Software,120,77
102,1782864000000,1782864000000,bob@example.org,lead,NEW,9,DIRECT_TRAFFIC,,,,,
""",
        ("hs_object_id", "createdate"), 2,
    ),
    Export(
        "hubspot", "outcomes", "contact", "an export with labels",
        """
Record ID,Create Date,Last Modified Date,Lifecycle Stage,Lead Status,Contact owner,Became a Sales Qualified Lead Date,Became an Opportunity Date,Became a Customer Date
101,2026-07-01T08:00Z,2026-07-20T08:00Z,Customer,Open,Ada,2026-07-05T08:00Z,2026-07-09T08:00Z,2026-08-01T08:00Z
102,2026-07-01T08:00Z,2026-07-20T08:00Z,Lead,Open,Ada,,,
""",
        ("Record ID",), 3, 1,
    ),
    Export(
        "hubspot", "identity", "contact", "Fivetran",
        """
id,property_createdate,property_email,property_lifecyclestage,property_hs_merged_object_ids,_fivetran_synced,_fivetran_deleted
101,2026-07-01 08:00:00,ada@example.com,lead,201;202,2026-07-21 08:00:00,false
102,2026-07-01 08:00:00,bob@example.com,lead,,2026-07-21 08:00:00,false
""",
        ("id", "property_createdate"), 2, 1,
    ),
    Export(
        "hubspot", "outcomes", "contact_property_history", "Fivetran",
        """
contact_id,name,value,timestamp,source,source_id
101,lifecyclestage,salesqualifiedlead,2026-07-05T08:00:00Z,CRM_UI,1
101,hs_lead_status,IN_PROGRESS,2026-07-03T08:00:00Z,CRM_UI,1
101,hs_lead_status,UNQUALIFIED,2026-07-04T08:00:00Z,CRM_UI,1
101,jobtitle,CTO,2026-07-04T08:00:00Z,CRM_UI,1
""",
        ("contact_id", "name", "value", "timestamp"), 3, 1,
    ),
    Export(
        "hubspot", "outcomes", "contact_property_history", "Airbyte",
        """
canonical-vid,property,value,timestamp,source-type,source-id
101,lifecyclestage,customer,1785571200000,CRM_UI,1
101,lifecyclestage,lead,1782864000000,CRM_UI,1
""",
        ("canonical-vid", "property", "value", "timestamp"), 2,
    ),
    Export(
        "hubspot", "field-changes", "contact_property_history", "Airbyte",
        """
vid,property,value,timestamp,source-type
101,jobtitle,CTO,1785571200000,CRM_UI
101,email,ada@example.com,1782864000000,CRM_UI
""",
        ("vid", "property", "value", "timestamp"), 1, 1,
    ),
    Export(
        "hubspot", "identity", "contact_merge_audit", "Fivetran",
        """
canonical_vid,vid_to_merge,timestamp,contact_id
101,203,2026-07-20T08:00:00Z,101
""",
        ("canonical_vid", "vid_to_merge", "timestamp"), 1,
    ),
    Export(
        "hubspot", "outcomes", "deal", "API, all values text",
        """
hs_object_id,dealname,pipeline,dealstage,dealtype,amount,deal_currency_code,closedate,createdate,hs_is_closed,hs_is_closed_won,closed_lost_reason,hubspot_owner_id,hs_lastmodifieddate
901,Deal,default,1001,newbusiness,5000,EUR,2026-08-01T08:00:00Z,2026-07-09T08:00:00Z,true,true,,9,2026-08-01T08:00:00Z
902,Deal,default,1002,newbusiness,100,EUR,2026-08-02T08:00:00Z,2026-07-10T08:00:00Z,true,false,price,9,2026-08-02T08:00:00Z
903,Deal,default,1003,newbusiness,100,EUR,2026-09-02T08:00:00Z,2026-07-11T08:00:00Z,false,false,,9,2026-07-11T08:00:00Z
""",
        ("hs_object_id", "createdate", "closedate", "hs_is_closed_won", "hs_is_closed"), 6,
    ),
    Export(
        "hubspot", "identity", "deal", "Airbyte",
        """
id,dealname,dealstage,createdate,closedate,amount,contacts,updatedAt,archived
901,Deal,1001,2026-07-09T08:00:00Z,2026-08-01T08:00:00Z,5000,"[""101"", ""102""]",2026-07-09T08:00:00Z,false
902,Deal,1001,2026-07-09T08:00:00Z,2026-08-01T08:00:00Z,5000,,2026-07-09T08:00:00Z,false
""",
        ("id", "createdate", "contacts"), 2, 1,
    ),
    Export(
        "hubspot", "identity", "deal_contact", "Fivetran",
        """
deal_id,contact_id,type_id
901,101,3
902,102,3
""",
        ("deal_id", "contact_id"), 2,
    ),
    Export(
        "hubspot", "events", "form_submission", "Fivetran",
        """
contact_id,form_id,timestamp,page_url,title
101,f1,2026-07-02T08:00:00Z,https://example.com/demo,Demo
""",
        ("contact_id", "form_id", "timestamp"), 1,
    ),
    Export(
        "hubspot", "outcomes", "engagement", "Airbyte",
        """
id,type,timestamp,ownerId,contactIds,lastUpdated
501,CALL,1783000000000,9,"[101,102]",1783000000000
502,MEETING,1783100000000,9,[101],1783100000000
503,NOTE,1783100000000,9,[101],1783100000000
504,CALL,1783100000000,9,[],1783100000000
""",
        ("id", "type", "timestamp", "contactIds"), 3, 2,
    ),
    Export(
        "hubspot", "outcomes", "meeting", "API",
        """
hs_object_id,hs_meeting_start_time,hs_meeting_end_time,hs_meeting_outcome,hubspot_owner_id,contacts
601,2026-07-08T08:00:00Z,2026-07-08T08:30:00Z,COMPLETED,9,101
""",
        ("hs_object_id", "hs_meeting_start_time", "contacts"), 1,
    ),
)  # fmt: skip
"""HubSpot, as crm.md section 2.3 and 2.5 describe it."""

PIPEDRIVE: Sequence[Export] = (
    Export(
        "pipedrive", "leads", "person", "API",
        """
id,name,email,phone,org_id,owner_id,add_time,update_time,label,open_deals_count,won_deals_count
11,Ada King,ada@example.com,123,5,9,2026-07-01 08:00:00,2026-07-02 08:00:00,hot,1,0
12,Bob Roe,"[{""value"":""bob@example.org"",""primary"":true}]",,"{""value"":6,""name"":""Org""}",9,2026-07-01 09:00:00,2026-07-02 08:00:00,,0,0
""",
        ("id", "add_time"), 2,
    ),
    Export(
        "pipedrive", "outcomes", "deal", "API",
        """
id,title,person_id,org_id,pipeline_id,stage_id,status,value,currency,add_time,update_time,stage_change_time,won_time,first_won_time,lost_time,close_time,lost_reason,expected_close_date,probability,user_id
31,Deal,11,5,1,4,won,1000,EUR,2026-07-05 08:00:00,2026-08-20 08:00:00,2026-08-01 08:00:00,2026-08-19 08:00:00,2026-08-01 08:00:00,,2026-08-19 08:00:00,,2026-09-01,,9
32,Deal,12,5,1,4,lost,500,EUR,2026-07-06 08:00:00,2026-08-02 08:00:00,2026-08-01 08:00:00,,,2026-08-02 08:00:00,2026-08-02 08:00:00,price,2026-09-01,,9
33,Deal,12,5,1,4,deleted,500,EUR,2026-07-06 08:00:00,2026-08-02 08:00:00,,,,,,,2026-09-01,,9
34,Deal,,5,1,4,open,500,EUR,2026-07-07 08:00:00,2026-08-02 08:00:00,,,,,,,2026-09-01,,9
""",
        ("id", "status", "add_time", "first_won_time", "lost_time"), 6, 1,
    ),
    Export(
        "pipedrive", "identity", "lead", "API",
        """
id,title,person_id,organization_id,source_name,is_archived,was_seen,label_ids,add_time,update_time
adf21080-0e10-11eb-879b-05d71fb426ec,Lead,11,5,Web,false,true,[],2026-07-01T07:00:00Z,2026-07-01T07:00:00Z
""",
        ("id", "person_id", "add_time"), 1,
    ),
    Export(
        "pipedrive", "outcomes", "activity", "API",
        """
id,type,done,marked_as_done_time,person_id,deal_id,subject,due_date,duration,user_id,update_time
71,call,true,2026-07-03 08:00:00,11,31,Call,2026-07-03,00:10,9,2026-07-03 08:00:00
72,meeting,1,2026-07-04 08:00:00,11,31,Meet,2026-07-04,00:30,9,2026-07-04 08:00:00
73,call,false,,11,31,Call,2026-07-08,00:10,9,2026-07-03 08:00:00
""",
        ("type", "done", "marked_as_done_time", "person_id"), 2, 1,
    ),
)  # fmt: skip
"""Pipedrive, as crm.md section 2.4 describes it."""

MARKETO: Sequence[Export] = (
    Export(
        "marketo", "leads", "lead", "API",
        """
id,email,createdAt,updatedAt,company,title,industry,leadSource,leadStatus,leadScore,numberOfEmployees,country
1001,ada@example.com,2026-07-01T08:00:00Z,2026-07-20T08:00:00Z,Example,VP,Software,Web,Open,42,120,DE
1002,null,2026-07-01T08:00:00Z,2026-07-20T08:00:00Z,null,null,null,null,null,null,null,null
""",
        ("id", "createdAt"), 2,
    ),
    Export(
        "marketo", "events", "activity", "bulk export",
        """
marketoGUID,leadId,activityDate,activityTypeId,campaignId,primaryAttributeValueId,primaryAttributeValue,attributes
G1,1001,2026-07-02T08:00:00Z,1,null,7,example.com/pricing,"{""Webpage URL"":""/pricing"",""Client IP Address"":""x""}"
G2,1001,2026-07-02T08:01:00Z,2,11,8,Demo form,"{""Form Fields"":""x""}"
G3,1001,2026-07-02T08:02:00Z,22,11,9,Lead Score,"{""New Value"":""30"",""Old Value"":""20""}"
G4,1001,2026-07-02T08:03:00Z,104,11,9,Program,null
""",
        ("leadId", "activityDate", "activityTypeId"), 2, 2,
    ),
    Export(
        "marketo", "field-changes", "activity", "bulk export",
        """
marketoGUID,leadId,activityDate,activityTypeId,campaignId,primaryAttributeValueId,primaryAttributeValue,attributes
G3,1001,2026-07-02T08:02:00Z,22,11,9,Lead Score,"{""New Value"":""30"",""Old Value"":""20""}"
G5,1001,2026-07-02T08:02:00Z,13,11,9,Industry,"{""New Value"":""Software"",""Old Value"":null}"
G1,1001,2026-07-02T08:00:00Z,1,null,7,example.com/pricing,null
""",
        ("leadId", "activityDate", "activityTypeId"), 2, 1,
    ),
    Export(
        "marketo", "outcomes", "activity", "bulk export",
        """
marketoGUID,leadId,activityDate,activityTypeId,campaignId,primaryAttributeValueId,primaryAttributeValue,attributes
G6,1001,2026-07-03T08:02:00Z,13,11,9,Lead Status,"{""New Value"":""Working"",""Old Value"":""Open""}"
G7,1001,2026-07-04T08:02:00Z,13,11,9,Lead Status,"{""New Value"":""Unqualified"",""Old Value"":""Working""}"
G8,1001,2026-07-04T08:02:00Z,13,11,9,Industry,"{""New Value"":""Working"",""Old Value"":""Working""}"
""",
        ("leadId", "activityDate", "activityTypeId"), 2, 1,
    ),
    Export(
        "marketo", "identity", "activity", "bulk export",
        """
marketoGUID,leadId,activityDate,activityTypeId,campaignId,primaryAttributeValueId,primaryAttributeValue,attributes
G9,1001,2026-07-05T08:02:00Z,32,null,1001,Ada,"{""Merge IDs"":""[1003, 1004]"",""Master Updated"":true}"
G1,1001,2026-07-02T08:00:00Z,1,null,7,example.com/pricing,null
""",
        ("leadId", "activityDate", "activityTypeId"), 2, 1,
    ),
    Export(
        "marketo", "identity", "merge", "Fivetran",
        """
id,lead_id,activity_date,merge_ids,master_updated,merged_in_sales,merge_source
9,1001,2026-07-05T08:02:00Z,[1003],true,false,sfdc
""",
        ("lead_id", "activity_date", "merge_ids"), 1,
    ),
    Export(
        "marketo", "field-changes", "change", "Fivetran",
        """
id,lead_id,activity_date,primary_attribute_value,new_value,old_value,reason,source,api_method_name
9,1001,2026-07-05T08:02:00Z,Industry,Software,Retail,sync,Web,
""",
        ("lead_id", "activity_date", "primary_attribute_value", "new_value"), 1,
    ),
)  # fmt: skip
"""Marketo, as crm.md section 2.4 describes it."""

ACCOUNT_ENGAGEMENT: Sequence[Export] = (
    Export(
        "account_engagement", "leads", "prospect", "Fivetran",
        """
id,email,score,grade,crm_lead_fid,crm_contact_fid,crm_account_fid,created_at,updated_at,last_activity_at,opted_out,job_title,industry,employees,source,campaign_id
41,ada@example.com,120,A,00Q000000000001,,,2026-07-01T08:00:00Z,2026-07-20T08:00:00Z,2026-07-19T08:00:00Z,false,VP,Software,120,Web,7
""",
        ("id", "created_at"), 1,
    ),
    Export(
        "account_engagement", "identity", "prospect", "Fivetran",
        """
id,email,score,grade,crm_lead_fid,crm_contact_fid,created_at,updated_at
41,ada@example.com,120,A,00Q000000000001,003000000000001,2026-07-01T08:00:00Z,2026-07-20T08:00:00Z
42,bob@example.com,1,D,,,2026-07-01T08:00:00Z,2026-07-20T08:00:00Z
""",
        ("id", "created_at"), 2, 1,
    ),
    Export(
        "account_engagement", "events", "visitor_activity", "API",
        """
id,prospect_id,type,type_name,details,created_at,form_id,email_id,file_id,visitor_id
1,41,4,Form,Demo,2026-07-02T08:00:00Z,3,,,9
2,,2,Page View,/pricing,2026-07-02T08:00:00Z,,,,10
""",
        ("prospect_id", "type_name", "created_at"), 1, 1,
    ),
    Export(
        "account_engagement", "outcomes", "opportunity", "Fivetran",
        """
id,value,stage,status,probability,created_at,closed_at,updated_at
61,5000,Signed,won,100,2026-07-05T08:00:00Z,2026-08-01T08:00:00Z,2026-08-01T08:00:00Z
62,100,Gone,lost,0,2026-07-05T08:00:00Z,2026-08-02T08:00:00Z,2026-08-02T08:00:00Z
""",
        ("id", "status", "created_at", "closed_at"), 4,
    ),
    Export(
        "account_engagement", "identity", "opportunity_prospect", "Fivetran",
        """
opportunity_id,prospect_id,updated_at
61,41,2026-08-01T08:00:00Z
""",
        ("opportunity_id", "prospect_id"), 1,
    ),
)  # fmt: skip
"""Account Engagement, as crm.md section 2.4 describes it."""

EXPORTS: Sequence[Export] = (*SALESFORCE, *HUBSPOT, *PIPEDRIVE, *MARKETO, *ACCOUNT_ENGAGEMENT)
