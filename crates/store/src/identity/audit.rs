//! What was done, tried and refused: the command log and the sign-ins beside it, as one list.

use std::collections::{BTreeMap, BTreeSet};

use kontor_domain::cell::{Cell, Value};
use kontor_domain::identity::{AuditDetail, AuditEntry, AuditFilter, AuditSource, ListAudit, Person};
use kontor_domain::ids::PersonId;
use kontor_domain::time::Instant;
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::error::StoreError;
use crate::reader::{Asker, PAGE_LIMIT, Reader, beginning, clamp, get, place_holders, values};

/// The columns of an entry, the same from both places.
const COMMANDS: &str = "SELECT id, received_at AS at, 'command' AS source, name AS kind, actor AS person, device, '' AS address, status, code, number
    FROM command_log WHERE company = $1";
const ACCESSES: &str =
    "SELECT id, at, 'access' AS source, kind, person, device, address, CASE WHEN code IS NULL THEN 'ok' ELSE 'refused' END AS status, code, NULL AS number
    FROM access_event WHERE company = $1";
/// Names for people, and from where a command came, joined to the few rows of a page.
const NAMED: &str = "LEFT JOIN person p ON p.company = $1 AND p.id = e.person LEFT JOIN device d ON d.company = $1 AND d.id = e.device
    LEFT JOIN command_origin o ON o.id = e.id AND o.company = $1";
const ENTRY: &str = "e.id, e.at, e.source, e.kind, e.person, p.name, e.device, d.name, COALESCE(o.address, e.address), e.status, e.code, e.number";
/// Columns of [`ENTRY`].
const ENTRY_COLUMNS: usize = 12;

/// Where the things have their names that commands name by id.
const NAMES: &[(&str, &str)] = &[
    ("product", "name"),
    ("category", "name"),
    ("tax", "name"),
    ("person", "name"),
    ("role", "name"),
    ("device", "name"),
    ("till", "name"),
    ("warehouse", "name"),
    ("location", "code"),
    ("printer", "name"),
    ("sale", "number"),
];

/// Conditions on one of the two places; the values behind the company.
fn conditions(filter: &AuditFilter, before: Option<(Instant, Uuid)>, columns: [&str; 3], bound: &mut Vec<Value>) -> String {
    let [at, kind, person] = columns;
    let mut condition = String::new();
    let mut add = |sql: &str, value: Value| {
        bound.push(value);
        condition.push_str(&format!(" AND {sql} ${}", bound.len()));
    };
    if let Some(from) = filter.from {
        add(&format!("{at} >="), from.to_value());
    }
    if let Some(to) = filter.to {
        add(&format!("{at} <"), to.to_value());
    }
    if let Some(person_id) = filter.person_id {
        add(&format!("{person} ="), person_id.to_value());
    }
    if let Some(device_id) = filter.device_id {
        add("device =", device_id.to_value());
    }
    if !filter.kind.is_empty() {
        bound.push(Value::Text(beginning(&filter.kind)));
        condition.push_str(&format!(" AND {kind} LIKE ${} ESCAPE '!'", bound.len()));
    }
    if let Some((before_at, id)) = before {
        bound.extend([before_at.to_value(), Value::Id(id)]);
        let (place, id_place) = (bound.len() - 1, bound.len());
        condition.push_str(&format!(" AND {at} <= ${place} AND ({at} < ${place} OR id < ${id_place})"));
    }
    condition
}

impl Reader {
    pub(super) async fn audit(&self, asker: &Asker, question: &ListAudit) -> Result<Vec<AuditEntry>, StoreError> {
        let mut bound = values(asker, []);
        let commands = conditions(&question.filter, question.before, ["received_at", "name", "actor"], &mut bound);
        let accesses = conditions(&question.filter, question.before, ["at", "kind", "person"], &mut bound);
        bound.push(Value::Int(clamp(question.limit)));
        let limit = bound.len();
        // Each place gives a page of its own end at most: the rest of it cannot be in this page.
        let sql = format!(
            "SELECT {ENTRY} FROM (SELECT * FROM ({COMMANDS}{commands} ORDER BY received_at DESC, id DESC LIMIT ${limit}) c
             UNION ALL SELECT * FROM ({ACCESSES}{accesses} ORDER BY at DESC, id DESC LIMIT ${limit}) a) e {NAMED} ORDER BY e.at DESC, e.id DESC LIMIT ${limit}"
        );
        self.fetch(sql, bound).await?.iter().map(entry).collect()
    }

    pub(super) async fn audit_detail(&self, asker: &Asker, id: Uuid) -> Result<Option<AuditDetail>, StoreError> {
        let places = [(COMMANDS, "command_log", "args, at, rev"), (ACCESSES, "access_event", "detail, at, CAST(0 AS BIGINT)")];
        for (entries, table, columns) in places {
            let sql = format!(
                "SELECT {ENTRY}, o.session, o.api_key, k.name FROM ({entries} AND id = $2) e {NAMED} LEFT JOIN api_key k ON k.company = $1 AND k.id = o.api_key"
            );
            let Some(row) = self.fetch_one(sql, values(asker, [Value::Id(id)])).await? else { continue };
            let sql = format!("SELECT {columns} FROM {table} WHERE company = $1 AND id = $2");
            let Some(rest) = self.fetch_one(sql, values(asker, [Value::Id(id)])).await? else { continue };
            let args: String = get(&rest, 0)?;
            let approved_by_name = match approver(&args) {
                Some(id) => self.by_id::<Person>(asker, &id).await?.map(|person| person.name),
                None => None,
            };
            return Ok(Some(AuditDetail {
                entry: entry(&row)?,
                entered_at: get(&rest, 1)?,
                rev: get(&rest, 2)?,
                names: self.names_in(asker, &args).await?,
                args,
                approved_by_name,
                session_id: get(&row, ENTRY_COLUMNS)?,
                key_id: get(&row, ENTRY_COLUMNS + 1)?,
                key_name: get(&row, ENTRY_COLUMNS + 2)?,
            }));
        }
        Ok(None)
    }

    /// What the things are called that arguments name.
    async fn names_in(&self, asker: &Asker, args: &str) -> Result<BTreeMap<String, String>, StoreError> {
        let ids = ids_in(args);
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let among = place_holders(1, ids.len());
        let of = |(table, name): &(&str, &str)| format!("SELECT id, {name} FROM {table} WHERE company = $1 AND id IN ({among})");
        let sql = NAMES.iter().map(of).collect::<Vec<_>>().join(" UNION ALL ");
        let rows = self.fetch(sql, values(asker, ids.into_iter().map(Value::Id))).await?;
        let mut names = BTreeMap::new();
        for row in &rows {
            names.insert(get::<Uuid>(row, 0)?.to_string(), get::<Option<String>>(row, 1)?.unwrap_or_default());
        }
        names.retain(|_, name| !name.is_empty());
        Ok(names)
    }
}

/// The ids that stand in arguments, no more than a page has.
fn ids_in(args: &str) -> BTreeSet<Uuid> {
    fn collect(value: &serde_json::Value, ids: &mut BTreeSet<Uuid>) {
        match value {
            serde_json::Value::String(text) if text.len() == 36 && ids.len() < PAGE_LIMIT as usize => ids.extend(text.parse::<Uuid>()),
            serde_json::Value::Array(all) => all.iter().for_each(|value| collect(value, ids)),
            serde_json::Value::Object(map) => map.values().for_each(|value| collect(value, ids)),
            _ => {}
        }
    }
    let mut ids = BTreeSet::new();
    if let Ok(value) = serde_json::from_str(args) {
        collect(&value, &mut ids);
    }
    ids
}

/// Who allowed a command, by its arguments as they are kept.
fn approver(args: &str) -> Option<PersonId> {
    let kept: serde_json::Value = serde_json::from_str(args).ok()?;
    let command = kept.get("args").unwrap_or(&kept).get("counter")?;
    let what = command.as_object()?.values().next()?;
    what.pointer("/approval/person_id")?.as_str()?.parse().ok().map(PersonId)
}

fn entry(row: &AnyRow) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        id: get(row, 0)?,
        at: get(row, 1)?,
        source: get::<AuditSource>(row, 2)?,
        kind: get(row, 3)?,
        person_id: get(row, 4)?,
        person_name: get::<Option<String>>(row, 5)?.unwrap_or_default(),
        device_id: get(row, 6)?,
        device_name: get::<Option<String>>(row, 7)?.unwrap_or_default(),
        address: get(row, 8)?,
        status: get(row, 9)?,
        code: get(row, 10)?,
        number: get(row, 11)?,
    })
}
