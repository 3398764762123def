//! SQL text of a table, made once from its declaration.

use std::sync::OnceLock;

use kontor_domain::world::{Change, Table, TableInfo};

/// A table's statements for SQLite's writer: one row each, positional parameters in the order of columns.
pub(crate) struct TableSql {
    /// `?1` company, then key.
    pub(crate) select_key: String,
    /// For each index: `?1` company, `?2` value.
    pub(crate) select_index: Vec<String>,
    /// company, columns, rev, scope.
    pub(crate) insert: String,
    /// company, columns, rev, scope; key columns are the condition.
    pub(crate) update: Option<String>,
    /// company, key.
    pub(crate) delete: Option<String>,
    /// On a copy. company, columns, rev, scope: there afterwards as given, whatever was there.
    pub(crate) upsert: String,
    /// On a copy. company, columns, rev, scope: a row that is there with these very cells gets its place in the order.
    pub(crate) confirm: String,
    /// On a copy. company, key.
    pub(crate) remove: String,
    /// On a copy. company, key, scope: removed if it is in that scope.
    pub(crate) gone: String,
}

/// The statements of a table.
pub(crate) fn of(table: Table) -> &'static TableSql {
    static ALL: OnceLock<Vec<TableSql>> = OnceLock::new();
    let all = ALL.get_or_init(|| Table::ALL.iter().map(|table| build(table.info())).collect());
    &all[table as usize]
}

fn build(info: &TableInfo) -> TableSql {
    let name = info.name;
    let columns = info.columns.join(", ");
    let conditions = |first: usize, names: &[&str]| {
        let parts: Vec<String> = names.iter().enumerate().map(|(index, column)| format!("{column} = ?{}", index + first)).collect();
        parts.join(" AND ")
    };
    let places = (1..=info.columns.len() + 3).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ");
    let assignments = info.columns[info.key.len()..]
        .iter()
        .enumerate()
        .map(|(index, column)| format!("{column} = ?{}", index + 2 + info.key.len()))
        .chain([format!("rev = ?{}", info.columns.len() + 2), format!("scope = ?{}", info.columns.len() + 3)])
        .collect::<Vec<_>>()
        .join(", ");
    let key_condition = conditions(2, info.key);
    let others = info.columns.iter().enumerate().skip(info.key.len());
    let same: String = others.map(|(index, column)| format!(" AND {column} IS ?{}", index + 2)).collect();
    TableSql {
        select_key: format!("SELECT {columns}, scope, rev FROM {name} WHERE company = ?1 AND {key_condition}"),
        select_index: info
            .indexes
            .iter()
            .map(|index| format!("SELECT {columns}, scope, rev FROM {name} WHERE company = ?1 AND {index} = ?2"))
            .collect(),
        insert: format!("INSERT INTO {name} (company, {columns}, rev, scope) VALUES ({places})"),
        update: (info.change != Change::Append).then(|| format!("UPDATE {name} SET {assignments} WHERE company = ?1 AND {key_condition}")),
        upsert: upsert(name, info.columns, info.key),
        confirm: format!(
            "UPDATE {name} SET rev = ?{}, scope = ?{} WHERE company = ?1 AND {key_condition}{same}",
            info.columns.len() + 2,
            info.columns.len() + 3
        ),
        remove: format!("DELETE FROM {name} WHERE company = ?1 AND {key_condition}"),
        gone: format!("DELETE FROM {name} WHERE company = ?1 AND {key_condition} AND scope = ?{}", info.key.len() + 2),
        delete: (info.change == Change::Remove).then(|| format!("DELETE FROM {name} WHERE company = ?1 AND {key_condition}")),
    }
}

/// company, columns, rev, scope: a row that is there afterwards as given. (Never `OR REPLACE`: it slips past triggers.)
pub(crate) fn upsert(table: &str, columns: &[&str], key: &[&str]) -> String {
    let places = vec!["?"; columns.len() + 3].join(", ");
    let values = columns.iter().filter(|column| !key.contains(column)).chain(&["rev", "scope"]);
    let assignments = values.map(|column| format!("{column} = excluded.{column}")).collect::<Vec<_>>().join(", ");
    format!(
        "INSERT INTO {table} (company, {}, rev, scope) VALUES ({places}) ON CONFLICT (company, {}) DO UPDATE SET {assignments}",
        columns.join(", "),
        key.join(", ")
    )
}
