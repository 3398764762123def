//! Receiving and adjusting.

use super::{
    Adjust, AdjustLine, Command, LINES_LIMIT, Location, LocationKey, LocationKind, MoveReason, Movement, Receive, ReceiveLine, Source, StockDocument,
    StockDocumentCost, StockDocumentKey, StockDocumentKind, StockDocumentLine, find_location_of_kind, move_stock, wish_movement,
};
use crate::catalog::{Product, ProductKey};
use crate::command::{Event, Exec, Outcome};
use crate::counter::{Till, TillKey};
use crate::ids::{LocationId, ProductId, StockDocumentId};
use crate::reject::{Code, Reject};
use crate::text::check_note;
use crate::time::BusinessDate;
use crate::units::{Quantity, UnitPrice};
use crate::world::{Halt, Scope};

/// The largest quantity of one line: a typing slip, not a delivery, is above it.
const QUANTITY_LIMIT: Quantity = Quantity(1_000_000_000_000);

/// Decides a change to stock.
pub fn run(exec: &mut Exec<'_>, command: &Command) -> Result<Outcome, Halt> {
    match command {
        Command::Receive(receive) => self::receive(exec, receive),
        Command::Adjust(adjust) => self::adjust(exec, adjust),
    }
}

struct Draft<'a> {
    id: StockDocumentId,
    kind: StockDocumentKind,
    location_id: LocationId,
    note: &'a str,
    business_date: BusinessDate,
}

fn write_document(exec: &mut Exec<'_>, draft: &Draft<'_>) -> Result<StockDocument, Halt> {
    check_note(draft.note, "note")?;
    draft.business_date.check()?;
    exec.world.wish::<StockDocument>(&StockDocumentKey { id: draft.id });
    exec.world.wish::<Location>(&LocationKey { id: draft.location_id });
    if let Some(number) = exec.envelope.number {
        exec.world.wish::<Till>(&TillKey { id: number.till_id });
    }
    exec.world.granted()?;
    exec.check_fresh::<StockDocument>(&StockDocumentKey { id: draft.id }, draft.id.0)?;
    let company = exec.company()?;
    let number = exec.number()?;
    let till = exec.world.find::<Till>(&TillKey { id: number.till_id })?.ok_or_else(|| Reject::new(Code::NotFound).with("what", "till"))?;
    let location = exec.world.find::<Location>(&LocationKey { id: draft.location_id })?;
    let location = location.ok_or_else(|| Reject::new(Code::NotFound).with("what", "location"))?;
    if !location.kind.is_real() {
        return Err(Reject::field(Code::Format, "location").into());
    }
    let document = StockDocument {
        id: draft.id,
        number: format!("{}-{}-{}-G{:05}", company.code, till.number, number.series, number.seq),
        kind: draft.kind,
        warehouse_id: location.warehouse_id,
        location_id: location.id,
        note: draft.note.to_owned(),
        business_date: draft.business_date,
        at: exec.at(),
        person_id: exec.envelope.actor,
        device_id: exec.envelope.device,
    };
    exec.world.insert(Exec::warehouse_scope(document.warehouse_id), document.clone());
    Ok(document)
}

fn check_lines(count: usize) -> Result<(), Reject> {
    match count {
        0 => Err(Reject::new(Code::LinesEmpty)),
        many if many > LINES_LIMIT => Err(Reject::field(Code::TooLong, "lines").with("limit", LINES_LIMIT)),
        _ => Ok(()),
    }
}

/// What a line says of its product. Goods that were received are on the shelf even if nobody here knows them.
struct Named {
    id: ProductId,
    code: String,
    name: String,
    unit: String,
}

/// Loads the products and what moving them touches, all at once.
fn products(
    exec: &mut Exec<'_>,
    document: &StockDocument,
    ids: impl Iterator<Item = ProductId> + Clone,
    locations: &[LocationId],
) -> Result<Vec<Named>, Halt> {
    for id in ids.clone() {
        exec.world.wish::<Product>(&ProductKey { id });
        wish_movement(exec, id, document.warehouse_id, locations);
    }
    exec.world.granted()?;
    ids.map(|id| match exec.world.find::<Product>(&ProductKey { id })? {
        Some(product) => Ok(Named { id, code: product.code, name: product.name, unit: product.unit }),
        None => {
            let scope = Exec::warehouse_scope(document.warehouse_id);
            exec.refuse_or_flag(Reject::new(Code::ProductNotFound), id.0, scope)?;
            Ok(Named { id, code: String::new(), name: id.to_string(), unit: String::new() })
        }
    })
    .collect()
}

fn write_line(exec: &mut Exec<'_>, document: &StockDocument, product: &Named, line: i64, quantity: Quantity, reason: MoveReason) {
    let row = StockDocumentLine {
        document_id: document.id,
        line,
        product_id: product.id,
        code: product.code.clone(),
        name: product.name.clone(),
        unit: product.unit.clone(),
        quantity,
        reason,
    };
    exec.world.insert(Exec::warehouse_scope(document.warehouse_id), row);
}

fn receive(exec: &mut Exec<'_>, receive: &Receive) -> Result<Outcome, Halt> {
    check_lines(receive.lines.len())?;
    receive.lines.iter().try_for_each(check_receive_line)?;
    let draft = Draft {
        id: receive.document_id,
        kind: StockDocumentKind::Receipt,
        location_id: receive.location_id,
        note: &receive.note,
        business_date: receive.business_date,
    };
    let document = write_document(exec, &draft)?;
    let supplier = find_location_of_kind(exec, document.warehouse_id, LocationKind::Supplier)?;
    let ids = receive.lines.iter().map(|line| line.product_id);
    let products = products(exec, &document, ids, &[document.location_id, supplier])?;
    for ((line, product), number) in receive.lines.iter().zip(&products).zip(1_i64..) {
        write_line(exec, &document, product, number, line.quantity, MoveReason::Receipt);
        exec.world.insert(Scope::OFFICE, StockDocumentCost { document_id: document.id, line: number, unit_cost: line.unit_cost });
        let movement = Movement {
            product_id: product.id,
            name: &product.name,
            quantity: line.quantity,
            from_id: supplier,
            to_id: document.location_id,
            reason: MoveReason::Receipt,
            line: number,
            value_in: Some(line.unit_cost.times(line.quantity)?),
            unit_cost: Some(line.unit_cost),
        };
        move_stock(exec, &Source::of_document(&document), &movement)?;
    }
    Ok(Outcome::document(document.number, vec![Event::StockChanged]))
}

fn check_receive_line(line: &ReceiveLine) -> Result<(), Reject> {
    if line.quantity <= Quantity::ZERO || line.quantity > QUANTITY_LIMIT {
        return Err(Reject::field(Code::OutOfRange, "quantity"));
    }
    if line.unit_cost.is_negative() || line.unit_cost > UnitPrice::COST_LIMIT {
        return Err(Reject::field(Code::OutOfRange, "cost"));
    }
    Ok(())
}

fn adjust(exec: &mut Exec<'_>, adjust: &Adjust) -> Result<Outcome, Halt> {
    check_lines(adjust.lines.len())?;
    adjust.lines.iter().try_for_each(check_adjust_line)?;
    let draft = Draft {
        id: adjust.document_id,
        kind: StockDocumentKind::Adjustment,
        location_id: adjust.location_id,
        note: &adjust.note,
        business_date: adjust.business_date,
    };
    let document = write_document(exec, &draft)?;
    let other = find_location_of_kind(exec, document.warehouse_id, LocationKind::Adjustment)?;
    let ids = adjust.lines.iter().map(|line| line.product_id);
    let products = products(exec, &document, ids, &[document.location_id, other])?;
    for ((line, product), number) in adjust.lines.iter().zip(&products).zip(1_i64..) {
        write_line(exec, &document, product, number, line.difference, line.reason);
        let goes = line.difference.is_negative();
        let (from_id, to_id) = if goes { (document.location_id, other) } else { (other, document.location_id) };
        let quantity = if goes { line.difference.negated()? } else { line.difference };
        let movement = Movement {
            product_id: product.id,
            name: &product.name,
            quantity,
            from_id,
            to_id,
            reason: line.reason,
            line: number,
            value_in: None,
            unit_cost: None,
        };
        move_stock(exec, &Source::of_document(&document), &movement)?;
    }
    Ok(Outcome::document(document.number, vec![Event::StockChanged]))
}

fn check_adjust_line(line: &AdjustLine) -> Result<(), Reject> {
    if line.difference.is_zero() || line.difference > QUANTITY_LIMIT || line.difference < Quantity(-QUANTITY_LIMIT.0) {
        return Err(Reject::field(Code::OutOfRange, "quantity"));
    }
    if MoveReason::FOR_ADJUSTMENT.contains(&line.reason) { Ok(()) } else { Err(Reject::field(Code::Format, "reason")) }
}
