//! The search index of a file: which words each product is found by.

use kontor_domain::cell::Value;
use kontor_domain::world::{RowWrite, Table};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::agent::Commit;
use crate::error::StoreError;
use crate::search;

/// Products whose words may have changed.
pub(crate) fn searched_products(writes: &[RowWrite]) -> std::collections::BTreeSet<Uuid> {
    writes
        .iter()
        .filter(|row| matches!(row.table, Table::product | Table::barcode | Table::product_tag))
        .filter_map(|row| match row.cells.first() {
            Some(Value::Id(id)) => Some(*id),
            _ => None,
        })
        .collect()
}

/// Keeps the search index in the transaction that changes what it indexes.
pub(crate) fn search_words(connection: &Connection, commit: &Commit) -> Result<(), StoreError> {
    for product in searched_products(&commit.writes) {
        index_product(connection, commit.company.0, product)?;
    }
    Ok(())
}

pub(crate) fn index_product(connection: &Connection, company: Uuid, product: Uuid) -> Result<(), StoreError> {
    let key = params![company.as_bytes(), product.as_bytes()];
    let row = connection
        .prepare_cached("SELECT code, name, active FROM product WHERE company = ?1 AND id = ?2")?
        .query_row(key, |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?)))
        .optional()?;
    let known: Option<i64> = connection
        .prepare_cached("SELECT docid FROM product_document WHERE company = ?1 AND product_id = ?2")?
        .query_row(key, |row| row.get(0))
        .optional()?;
    let docid = match (known, &row) {
        (Some(docid), _) => {
            connection.prepare_cached("DELETE FROM product_words WHERE rowid = ?1")?.execute([docid])?;
            docid
        }
        (None, None) => return Ok(()),
        (None, Some(_)) => {
            connection.prepare_cached("INSERT INTO product_document (company, product_id) VALUES (?1, ?2)")?.execute(key)?;
            connection.last_insert_rowid()
        }
    };
    let Some((code, name, 1)) = row else { return Ok(()) };
    let mut texts = vec![code, name];
    for sql in
        ["SELECT barcode FROM barcode WHERE company = ?1 AND product_id = ?2", "SELECT tag FROM product_tag WHERE company = ?1 AND product_id = ?2"]
    {
        let mut statement = connection.prepare_cached(sql)?;
        let found = statement.query_map(key, |row| row.get::<_, String>(0))?;
        for text in found {
            texts.push(text?);
        }
    }
    let words = search::index_words(texts.iter().map(String::as_str));
    connection.prepare_cached("INSERT INTO product_words (rowid, words) VALUES (?1, ?2)")?.execute(params![docid, words])?;
    Ok(())
}

/// Fills an index that is empty beside products: after a migration made it anew, or in a file that came without one.
pub(crate) fn fill(connection: &mut Connection) -> Result<(), StoreError> {
    const IS_EMPTY: &str = "SELECT NOT EXISTS (SELECT 1 FROM product_document) AND EXISTS (SELECT 1 FROM product)";
    if !connection.query_row(IS_EMPTY, [], |row| row.get::<_, bool>(0))? {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    {
        let mut products = transaction.prepare("SELECT company, id FROM product")?;
        let mut products = products.query([])?;
        while let Some(row) = products.next()? {
            index_product(&transaction, id_of(row.get_ref(0)?)?, id_of(row.get_ref(1)?)?)?;
        }
    }
    optimize_search(&transaction)?;
    Ok(transaction.commit()?)
}

fn id_of(value: ValueRef<'_>) -> Result<Uuid, StoreError> {
    let damaged = |error: String| StoreError::Damaged(error);
    let bytes = value.as_blob().map_err(|error| damaged(error.to_string()))?;
    Uuid::from_slice(bytes).map_err(|error| damaged(error.to_string()))
}

/// Merges the search index after many products were written, so that every look-up reads one segment.
pub fn optimize_search(connection: &Connection) -> Result<(), StoreError> {
    connection.execute("INSERT INTO product_words (product_words) VALUES ('optimize')", [])?;
    Ok(())
}
