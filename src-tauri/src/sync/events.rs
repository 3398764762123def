//! What screens show of which tables.

use std::collections::BTreeSet;

use kontor_domain::command::Event;
use kontor_domain::world::Table;

/// What happened when rows of these tables came.
pub fn events_of(tables: impl Iterator<Item = Table>) -> BTreeSet<Event> {
    let tables: BTreeSet<Table> = tables.collect();
    tables.into_iter().filter_map(event_of).collect()
}

const fn event_of(table: Table) -> Option<Event> {
    Some(match table {
        Table::company | Table::person | Table::device | Table::till => Event::SettingsChanged,
        Table::tax | Table::category | Table::product | Table::barcode | Table::product_tag | Table::product_image => Event::CatalogChanged,
        Table::warehouse | Table::location | Table::balance | Table::stock_value => Event::StockChanged,
        Table::stock_document | Table::stock_document_line | Table::stock_document_cost | Table::stock_move | Table::move_value => {
            Event::StockChanged
        }
        Table::shift | Table::shift_total | Table::cash_movement => Event::ShiftChanged,
        Table::sale | Table::sale_line | Table::sale_tax | Table::sale_tender | Table::sale_line_refunded => Event::SaleMade,
        Table::parked_cart => Event::ParkedChanged,
        Table::printer | Table::print_job | Table::sale_print => Event::PrintingChanged,
        Table::attention => Event::AttentionChanged,
        Table::profile | Table::role | Table::api_key | Table::network_rule => Event::IdentityChanged,
        // Nobody looks at these by themselves.
        Table::posting | Table::number_counter | Table::import_row | Table::horizon | Table::opening => return None,
    })
}
