//! What is shipped between copies, and sums by which two of them know that they hold the same.

use std::sync::OnceLock;

use kontor_domain::cell::Value;
use kontor_domain::world::{Change, Reach, Table, TableInfo};

/// Whether a table's rows go from the authority to copies. Number counters are each copy's own; what never leaves
/// the authority never leaves it.
pub fn is_shipped(info: &TableInfo) -> bool {
    info.change != Change::OutsideUndo && info.reach != Reach::Authority
}

/// Every table whose rows go to copies.
pub fn shipped() -> impl Iterator<Item = Table> {
    Table::ALL.iter().copied().filter(|table| is_shipped(table.info()))
}

/// FNV-1a in 128 bits, mixed at the end: sums of rows that differ in one place must differ.
struct Hash(u128);

impl Hash {
    const fn new() -> Self {
        Self(0x6C62_272E_07BB_0142_62B8_2175_6295_C58D)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B);
        }
    }

    fn text(&mut self, text: &str) {
        self.bytes(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.bytes(text.as_bytes());
    }

    fn cell(&mut self, cell: &Value) {
        match cell {
            Value::Null => self.bytes(&[0]),
            Value::Int(number) => {
                self.bytes(&[1]);
                self.bytes(&number.to_le_bytes());
            }
            Value::Text(text) => {
                self.bytes(&[2]);
                self.text(text);
            }
            Value::Id(id) => {
                self.bytes(&[3]);
                self.bytes(id.as_bytes());
            }
        }
    }

    const fn end(self) -> u128 {
        let mut mixed = self.0;
        mixed ^= mixed >> 65;
        mixed = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        mixed ^= mixed >> 61;
        mixed = mixed.wrapping_mul(0xD1B5_4A32_D192_ED03_2545_F491_4F6C_DD1D);
        mixed ^ (mixed >> 67)
    }
}

/// A row's part of its scope's sum: over its data and its place in the order. A server that was restored may have the same
/// data from another command, and what a copy asks next goes by places. Parts are added, so their order does not matter
/// and one row's change is one subtraction and one addition.
pub fn row_sum(table: Table, rev: i64, cells: &[Value]) -> u128 {
    let mut hash = Hash::new();
    hash.text(table.info().name);
    hash.bytes(&rev.to_le_bytes());
    for cell in cells {
        hash.cell(cell);
    }
    hash.end()
}

/// How rows are summed: another number, another shape, so that nobody compares sums that mean something else.
const SUMS_VERSION: i64 = 2;

/// The shape of all shipped tables: copies of one shape understand each other's rows and sums.
pub fn shape() -> i64 {
    static SHAPE: OnceLock<i64> = OnceLock::new();
    *SHAPE.get_or_init(|| {
        let mut hash = Hash::new();
        hash.bytes(&SUMS_VERSION.to_le_bytes());
        for table in shipped() {
            let info = table.info();
            hash.text(info.name);
            for (column, kind) in info.columns.iter().zip(info.kinds) {
                hash.text(column);
                hash.text(&format!("{kind:?}"));
            }
            hash.text(&info.key.join(","));
        }
        i64::try_from(hash.end() & 0x7FFF_FFFF_FFFF_FFFF).unwrap_or(0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cells_swapped_between_two_rows_change_the_sum() {
        let row = |id: i64, text: &str| row_sum(Table::product, 7, &[Value::Int(id), Value::Text(text.to_owned())]);
        for id in 1..500 {
            let one = row(0, "a").wrapping_add(row(id, "b"));
            let other = row(0, "b").wrapping_add(row(id, "a"));
            assert_ne!(one, other, "{id}");
        }
    }

    #[test]
    fn the_same_data_from_another_command_changes_the_sum() {
        let cells = [Value::Int(1), Value::Text("a".to_owned())];
        assert_ne!(row_sum(Table::product, 11, &cells), row_sum(Table::product, 12, &cells));
    }
}
