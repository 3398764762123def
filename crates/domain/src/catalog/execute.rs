//! Making and changing products, categories and tax classes.

use std::collections::BTreeSet;

use super::{
    BARCODES_LIMIT, Barcode, BarcodeKey, Category, CategoryChanges, CategoryKey, Command, CreateProduct, IMPORT_ROWS_LIMIT, Import, ImportRow,
    ImportRowKey, ImportedProduct, NewBarcode, NewCategory, NewTax, Product, ProductChanges, ProductDraft, ProductKey, ProductTag, ProductTagKey,
    RevertImport, THRESHOLD_OFF, Tax, TaxChanges, TaxKey, images,
};
use crate::cell::Cell;
use crate::command::{Event, Exec, Outcome, apply};
use crate::ids::{BatchId, ProductId};
use crate::reject::{Code, Reject};
use crate::settings::check_rate;
use crate::text::{CODE_LIMIT, NAME_LIMIT, check_line, check_name, check_note};
use crate::units::{Quantity, UnitPrice};
use crate::world::{Halt, Scope};

/// Decides a change to the catalogue.
pub fn run(exec: &mut Exec<'_>, command: &Command) -> Result<Outcome, Halt> {
    match command {
        Command::CreateProduct(create) => create_product(exec, create)?,
        Command::EditProduct(changes) => edit_product(exec, changes)?,
        Command::CreateCategory(category) => create_category(exec, category)?,
        Command::EditCategory(changes) => edit_category(exec, changes)?,
        Command::CreateTax(tax) => create_tax(exec, tax)?,
        Command::EditTax(changes) => edit_tax(exec, changes)?,
        Command::Import(import) => self::import(exec, import)?,
        Command::RevertImport(revert) => revert_import(exec, revert)?,
        Command::AddImage(image) => images::add(exec, image)?,
        Command::RemoveImage { product_id, sha256 } => images::remove(exec, *product_id, *sha256)?,
    }
    Ok(Outcome::event(Event::CatalogChanged))
}

fn not_found(what: &str) -> Reject {
    Reject::new(Code::NotFound).with("what", what)
}

/// The rules of a product's own fields; pure, so that a form and an import check with the same.
pub fn check_draft(draft: &ProductDraft) -> Result<(), Reject> {
    check_name(&draft.code, "code", CODE_LIMIT)?;
    check_name(&draft.name, "name", NAME_LIMIT)?;
    check_note(&draft.description, "description")?;
    check_name(&draft.unit, "unit", CODE_LIMIT)?;
    check_price(draft.price, "price")?;
    check_thresholds(draft.low_threshold, draft.high_threshold)?;
    if draft.barcodes.len() > BARCODES_LIMIT {
        return Err(Reject::field(Code::TooLong, "barcodes").with("limit", BARCODES_LIMIT));
    }
    if draft.tags.len() > BARCODES_LIMIT {
        return Err(Reject::field(Code::TooLong, "tags").with("limit", BARCODES_LIMIT));
    }
    draft.barcodes.iter().try_for_each(check_barcode)?;
    draft.tags.iter().try_for_each(|tag| check_name(tag, "tags", CODE_LIMIT))?;
    let distinct: BTreeSet<&str> = draft.barcodes.iter().map(|barcode| barcode.barcode.as_str()).collect();
    if distinct.len() == draft.barcodes.len() {
        Ok(())
    } else {
        Err(Reject::field(Code::CodeInUse, "barcodes").with("value", &draft.code).with("name", &draft.name))
    }
}

fn check_price(price: UnitPrice, field: &str) -> Result<(), Reject> {
    if price.is_negative() || price > UnitPrice::LIMIT { Err(Reject::field(Code::OutOfRange, field)) } else { Ok(()) }
}

fn check_thresholds(low: Quantity, high: Quantity) -> Result<(), Reject> {
    if low < Quantity::ZERO && low != THRESHOLD_OFF {
        return Err(Reject::field(Code::LowThreshold, "low_threshold"));
    }
    if high < Quantity::ZERO && high != THRESHOLD_OFF {
        return Err(Reject::field(Code::HighThreshold, "high_threshold"));
    }
    if low != THRESHOLD_OFF && high != THRESHOLD_OFF && high <= low {
        return Err(Reject::field(Code::HighMustExceedLow, "high_threshold"));
    }
    Ok(())
}

fn check_barcode(barcode: &NewBarcode) -> Result<(), Reject> {
    check_name(&barcode.barcode, "barcode", CODE_LIMIT)?;
    check_line(&barcode.pack_unit, "unit", CODE_LIMIT)?;
    if barcode.pack <= Quantity::ZERO || barcode.pack > Quantity(1_000_000_000) {
        return Err(Reject::field(Code::OutOfRange, "pack"));
    }
    barcode.pack_price.map_or(Ok(()), |price| check_price(price, "price"))
}

/// Refuses a code that another product has.
fn check_code_free(exec: &mut Exec<'_>, id: ProductId, code: &str) -> Result<(), Halt> {
    let same = exec.world.under::<Product>(0, Cell::to_value(&code.to_owned()))?;
    match same.iter().find(|product| product.id != id) {
        None => Ok(()),
        Some(other) => {
            let reject = Reject::field(Code::CodeInUse, "code").with("value", code).with("name", &other.name);
            exec.refuse_or_flag(reject, id.0, Scope::COMPANY)
        }
    }
}

/// Refuses a barcode that another product has.
fn check_barcode_free(exec: &mut Exec<'_>, id: ProductId, barcode: &str) -> Result<(), Halt> {
    let same = exec.world.under::<Barcode>(1, Cell::to_value(&barcode.to_owned()))?;
    let Some(other) = same.iter().find(|row| row.product_id != id).map(|row| row.product_id) else { return Ok(()) };
    let name = exec.world.find::<Product>(&ProductKey { id: other })?.map_or(String::new(), |product| product.name);
    let reject = Reject::field(Code::CodeInUse, "barcode").with("value", barcode).with("name", name);
    exec.refuse_or_flag(reject, id.0, Scope::COMPANY)
}

fn check_references(exec: &mut Exec<'_>, product: &Product) -> Result<(), Halt> {
    if exec.world.find::<Tax>(&TaxKey { id: product.tax_id })?.is_none() {
        exec.refuse_or_flag(not_found("tax").about("tax"), product.id.0, Scope::COMPANY)?;
    }
    if let Some(id) = product.category_id
        && exec.world.find::<Category>(&CategoryKey { id })?.is_none()
    {
        exec.refuse_or_flag(not_found("category").about("category"), product.id.0, Scope::COMPANY)?;
    }
    Ok(())
}

/// Asks at once for all that a new or replaced product is checked against.
fn wish_draft(exec: &mut Exec<'_>, id: ProductId, draft: &ProductDraft) {
    exec.world.wish::<Product>(&ProductKey { id });
    exec.world.wish_under::<Product>(0, Cell::to_value(&draft.code));
    exec.world.wish_under::<Barcode>(0, id.to_value());
    exec.world.wish_under::<ProductTag>(0, id.to_value());
    for barcode in &draft.barcodes {
        exec.world.wish_under::<Barcode>(1, Cell::to_value(&barcode.barcode));
    }
    exec.world.wish::<Tax>(&TaxKey { id: draft.tax_id });
    if let Some(id) = draft.category_id {
        exec.world.wish::<Category>(&CategoryKey { id });
    }
}

fn product_of(id: ProductId, draft: &ProductDraft) -> Product {
    Product {
        id,
        code: draft.code.clone(),
        name: draft.name.clone(),
        description: draft.description.clone(),
        unit: draft.unit.clone(),
        category_id: draft.category_id,
        tax_id: draft.tax_id,
        price: draft.price,
        low_threshold: draft.low_threshold,
        high_threshold: draft.high_threshold,
        favourite: draft.favourite,
        active: draft.active,
    }
}

/// The other way round.
fn draft_of(product: &Product, barcodes: Vec<NewBarcode>, tags: Vec<String>) -> ProductDraft {
    ProductDraft {
        code: product.code.clone(),
        name: product.name.clone(),
        description: product.description.clone(),
        unit: product.unit.clone(),
        category_id: product.category_id,
        tax_id: product.tax_id,
        price: product.price,
        low_threshold: product.low_threshold,
        high_threshold: product.high_threshold,
        favourite: product.favourite,
        active: product.active,
        barcodes,
        tags,
    }
}

/// Refuses where anything of the product is no longer what was seen. Barcodes and tags have no order.
fn check_as_seen(exec: &mut Exec<'_>, product: &Product, seen: &ProductDraft) -> Result<(), Halt> {
    let new = |row: Barcode| NewBarcode { barcode: row.barcode, pack: row.pack, pack_unit: row.pack_unit, pack_price: row.pack_price };
    let barcodes = exec.world.under::<Barcode>(0, product.id.to_value())?.into_iter().map(new).collect();
    let tags = exec.world.under::<ProductTag>(0, product.id.to_value())?.into_iter().map(|row| row.tag).collect();
    let sorted = |mut draft: ProductDraft| {
        draft.barcodes.sort();
        draft.tags.sort();
        draft
    };
    if sorted(draft_of(product, barcodes, tags)) == sorted(seen.clone()) {
        Ok(())
    } else {
        Err(Reject::field(Code::ChangedMeanwhile, "product").with("name", &product.name).into())
    }
}

fn create_product(exec: &mut Exec<'_>, create: &CreateProduct) -> Result<(), Halt> {
    check_draft(&create.draft)?;
    wish_draft(exec, create.id, &create.draft);
    exec.world.granted()?;
    insert_product(exec, create.id, &create.draft)
}

fn insert_product(exec: &mut Exec<'_>, id: ProductId, draft: &ProductDraft) -> Result<(), Halt> {
    if exec.world.find::<Product>(&ProductKey { id })?.is_some() {
        return Err(Reject::field(Code::CodeInUse, "id").with("value", id).with("name", &draft.name).into());
    }
    let product = product_of(id, draft);
    check_references(exec, &product)?;
    check_code_free(exec, id, &draft.code)?;
    exec.world.insert(Scope::COMPANY, product);
    draft.barcodes.iter().try_for_each(|barcode| set_barcode(exec, id, barcode))?;
    for tag in &draft.tags {
        add_tag(exec, id, tag)?;
    }
    Ok(())
}

fn set_barcode(exec: &mut Exec<'_>, product_id: ProductId, new: &NewBarcode) -> Result<(), Halt> {
    check_barcode_free(exec, product_id, &new.barcode)?;
    let row = Barcode { product_id, barcode: new.barcode.clone(), pack: new.pack, pack_unit: new.pack_unit.clone(), pack_price: new.pack_price };
    let rows = exec.world.under::<Barcode>(0, product_id.to_value())?;
    if rows.iter().any(|known| known.barcode == new.barcode) {
        exec.world.update(row);
    } else if rows.len() >= BARCODES_LIMIT {
        return Err(Reject::field(Code::TooLong, "barcodes").with("limit", BARCODES_LIMIT).into());
    } else {
        exec.world.insert(Scope::COMPANY, row);
    }
    Ok(())
}

fn remove_barcode(exec: &mut Exec<'_>, product_id: ProductId, barcode: &str) -> Result<(), Halt> {
    let rows = exec.world.under::<Barcode>(0, product_id.to_value())?;
    if rows.iter().any(|known| known.barcode == barcode) {
        exec.world.remove::<Barcode>(BarcodeKey { product_id, barcode: barcode.to_owned() });
    }
    Ok(())
}

fn add_tag(exec: &mut Exec<'_>, product_id: ProductId, tag: &str) -> Result<(), Halt> {
    let rows = exec.world.under::<ProductTag>(0, product_id.to_value())?;
    if !rows.iter().any(|known| known.tag == tag) {
        if rows.len() >= BARCODES_LIMIT {
            return Err(Reject::field(Code::TooLong, "tags").with("limit", BARCODES_LIMIT).into());
        }
        exec.world.insert(Scope::COMPANY, ProductTag { product_id, tag: tag.to_owned() });
    }
    Ok(())
}

fn remove_tag(exec: &mut Exec<'_>, product_id: ProductId, tag: &str) -> Result<(), Halt> {
    let rows = exec.world.under::<ProductTag>(0, product_id.to_value())?;
    if rows.iter().any(|known| known.tag == tag) {
        exec.world.remove::<ProductTag>(ProductTagKey { product_id, tag: tag.to_owned() });
    }
    Ok(())
}

/// Puts every changed field in; refuses at the first that is no longer what was seen.
fn change_fields(product: &mut Product, changes: &ProductChanges) -> Result<(), Reject> {
    apply(&mut product.code, &changes.code, "code")?;
    apply(&mut product.name, &changes.name, "name")?;
    apply(&mut product.description, &changes.description, "description")?;
    apply(&mut product.unit, &changes.unit, "unit")?;
    apply(&mut product.category_id, &changes.category_id, "category")?;
    apply(&mut product.tax_id, &changes.tax_id, "tax")?;
    apply(&mut product.price, &changes.price, "price")?;
    apply(&mut product.low_threshold, &changes.low_threshold, "low_threshold")?;
    apply(&mut product.high_threshold, &changes.high_threshold, "high_threshold")?;
    apply(&mut product.favourite, &changes.favourite, "favourite")?;
    apply(&mut product.active, &changes.active, "active")
}

fn edit_product(exec: &mut Exec<'_>, changes: &ProductChanges) -> Result<(), Halt> {
    let mut product = exec.world.find::<Product>(&ProductKey { id: changes.id })?.ok_or_else(|| Reject::new(Code::ProductNotFound))?;
    exec.world.wish_under::<Barcode>(0, changes.id.to_value());
    exec.world.wish_under::<ProductTag>(0, changes.id.to_value());
    for barcode in &changes.barcodes_set {
        exec.world.wish_under::<Barcode>(1, Cell::to_value(&barcode.barcode));
    }
    exec.world.granted()?;
    if let Some(seen) = &changes.seen {
        check_as_seen(exec, &product, seen)?;
    }
    // Named as it was: whoever is told of a refusal later sees no product beside it.
    let name = product.name.clone();
    change_fields(&mut product, changes).map_err(|reject| reject.with("name", name))?;
    check_draft(&draft_of(&product, changes.barcodes_set.clone(), changes.tags_added.clone()))?;
    check_references(exec, &product)?;
    if changes.code.is_some() {
        check_code_free(exec, product.id, &product.code)?;
    }
    exec.world.update(product);
    changes.barcodes_removed.iter().try_for_each(|barcode| remove_barcode(exec, changes.id, barcode))?;
    changes.barcodes_set.iter().try_for_each(|barcode| set_barcode(exec, changes.id, barcode))?;
    changes.tags_removed.iter().try_for_each(|tag| remove_tag(exec, changes.id, tag))?;
    changes.tags_added.iter().try_for_each(|tag| add_tag(exec, changes.id, tag))
}

fn create_category(exec: &mut Exec<'_>, new: &NewCategory) -> Result<(), Halt> {
    check_name(&new.name, "name", NAME_LIMIT)?;
    if !(0..8).contains(&new.hue) {
        return Err(Reject::field(Code::OutOfRange, "hue").into());
    }
    if exec.world.find::<Category>(&CategoryKey { id: new.id })?.is_some() {
        return Err(Reject::field(Code::CodeInUse, "id").with("value", new.id).with("name", &new.name).into());
    }
    if let Some(id) = new.parent_id
        && exec.world.find::<Category>(&CategoryKey { id })?.is_none()
    {
        return Err(not_found("category").into());
    }
    let row = Category { id: new.id, parent_id: new.parent_id, name: new.name.clone(), hue: new.hue, position: exec.at().0, active: true };
    exec.world.insert(Scope::COMPANY, row);
    Ok(())
}

fn edit_category(exec: &mut Exec<'_>, changes: &CategoryChanges) -> Result<(), Halt> {
    let mut category = exec.world.find::<Category>(&CategoryKey { id: changes.id })?.ok_or_else(|| not_found("category"))?;
    apply(&mut category.name, &changes.name, "name")?;
    apply(&mut category.hue, &changes.hue, "hue")?;
    apply(&mut category.active, &changes.active, "active")?;
    check_name(&category.name, "name", NAME_LIMIT)?;
    if !(0..8).contains(&category.hue) {
        return Err(Reject::field(Code::OutOfRange, "hue").into());
    }
    exec.world.update(category);
    Ok(())
}

fn create_tax(exec: &mut Exec<'_>, new: &NewTax) -> Result<(), Halt> {
    check_name(&new.name, "name", NAME_LIMIT)?;
    check_rate(new.rate)?;
    if exec.world.find::<Tax>(&TaxKey { id: new.id })?.is_some() {
        return Err(Reject::field(Code::CodeInUse, "id").with("value", new.id).with("name", &new.name).into());
    }
    exec.world.insert(Scope::COMPANY, Tax { id: new.id, name: new.name.clone(), rate: new.rate, position: exec.at().0, active: true });
    Ok(())
}

fn edit_tax(exec: &mut Exec<'_>, changes: &TaxChanges) -> Result<(), Halt> {
    let mut tax = exec.world.find::<Tax>(&TaxKey { id: changes.id })?.ok_or_else(|| not_found("tax"))?;
    apply(&mut tax.name, &changes.name, "name")?;
    apply(&mut tax.rate, &changes.rate, "rate")?;
    apply(&mut tax.active, &changes.active, "active")?;
    check_name(&tax.name, "name", NAME_LIMIT)?;
    check_rate(tax.rate)?;
    exec.world.update(tax);
    Ok(())
}

fn import(exec: &mut Exec<'_>, import: &Import) -> Result<(), Halt> {
    if import.rows.is_empty() && import.categories.is_empty() {
        return Err(Reject::new(Code::LinesEmpty).into());
    }
    if import.rows.len() > IMPORT_ROWS_LIMIT || import.categories.len() > IMPORT_ROWS_LIMIT {
        return Err(Reject::field(Code::TooLong, "lines").with("limit", IMPORT_ROWS_LIMIT).into());
    }
    for row in &import.rows {
        check_draft(&row.after)?;
        wish_draft(exec, row.id, &row.after);
        exec.world.wish::<ImportRow>(&ImportRowKey { batch_id: import.batch_id, product_id: row.id });
    }
    for category in &import.categories {
        exec.world.wish::<Category>(&CategoryKey { id: category.id });
        if let Some(id) = category.parent_id {
            exec.world.wish::<Category>(&CategoryKey { id });
        }
    }
    exec.world.granted()?;
    import.categories.iter().try_for_each(|category| create_category(exec, category))?;
    import.rows.iter().try_for_each(|row| import_row(exec, import.batch_id, row))
}

fn to_json(draft: &ProductDraft) -> Result<String, Reject> {
    serde_json::to_string(draft).map_err(|_| Reject::new(Code::Format))
}

fn import_row(exec: &mut Exec<'_>, batch_id: BatchId, row: &ImportedProduct) -> Result<(), Halt> {
    match &row.before {
        None => insert_product(exec, row.id, &row.after)?,
        Some(before) => edit_product(exec, &ProductChanges::between(row.id, before, &row.after))?,
    }
    let before = row.before.as_ref().map(to_json).transpose()?;
    let record = ImportRow { batch_id, product_id: row.id, before, after: to_json(&row.after)?, reverted: false };
    match exec.world.find::<ImportRow>(&ImportRowKey { batch_id, product_id: row.id })? {
        // The file names a product twice: the first state before is the one to go back to.
        Some(first) => exec.world.update(ImportRow { before: first.before, ..record }),
        None => exec.world.insert(Scope::OFFICE, record),
    }
    Ok(())
}

fn revert_import(exec: &mut Exec<'_>, revert: &RevertImport) -> Result<(), Halt> {
    if revert.product_ids.is_empty() || revert.product_ids.len() > IMPORT_ROWS_LIMIT {
        return Err(Reject::field(Code::OutOfRange, "lines").into());
    }
    for id in &revert.product_ids {
        exec.world.wish::<ImportRow>(&ImportRowKey { batch_id: revert.batch_id, product_id: *id });
        exec.world.wish::<Product>(&ProductKey { id: *id });
        exec.world.wish_under::<Barcode>(0, id.to_value());
        exec.world.wish_under::<ProductTag>(0, id.to_value());
    }
    exec.world.granted()?;
    // What the products are given back is only known from the rows of the import: asked for at once, too.
    for id in &revert.product_ids {
        if let Some(before) = import_record(exec, revert.batch_id, *id)?.before {
            wish_draft(exec, *id, &parse_draft(&before)?);
        }
    }
    exec.world.granted()?;
    revert.product_ids.iter().try_for_each(|id| revert_row(exec, revert.batch_id, *id))
}

fn import_record(exec: &mut Exec<'_>, batch_id: BatchId, product_id: ProductId) -> Result<ImportRow, Halt> {
    let record = exec.world.find::<ImportRow>(&ImportRowKey { batch_id, product_id })?;
    Ok(record.ok_or_else(|| Reject::new(Code::ProductNotFound))?)
}

fn parse_draft(text: &str) -> Result<ProductDraft, Reject> {
    serde_json::from_str::<ProductDraft>(text).map_err(|_| Reject::new(Code::Format))
}

fn revert_row(exec: &mut Exec<'_>, batch_id: BatchId, id: ProductId) -> Result<(), Halt> {
    let mut record = import_record(exec, batch_id, id)?;
    if record.reverted {
        return Ok(());
    }
    let after = parse_draft(&record.after)?;
    match &record.before {
        Some(before) => edit_product(exec, &ProductChanges::between(id, &after, &parse_draft(before)?))?,
        None => take_away(exec, id)?,
    }
    record.reverted = true;
    exec.world.update(record);
    Ok(())
}

/// A product that an import made and that goes again: archived, and its barcodes free for another.
fn take_away(exec: &mut Exec<'_>, id: ProductId) -> Result<(), Halt> {
    let mut product = exec.world.find::<Product>(&ProductKey { id })?.ok_or_else(|| Reject::new(Code::ProductNotFound))?;
    product.active = false;
    product.favourite = None;
    exec.world.update(product);
    for barcode in exec.world.under::<Barcode>(0, id.to_value())? {
        exec.world.remove::<Barcode>(BarcodeKey { product_id: id, barcode: barcode.barcode });
    }
    Ok(())
}
