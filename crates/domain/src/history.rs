//! How far back copies go. A till does not keep documents and moves for ever: what is older than the horizon is, on a
//! copy, one opening row for each balance. The authority keeps everything.

use crate::command::Query;
use crate::counter;
use crate::ids::{CompanyId, LocationId, LotId, ProductId, WarehouseId};
use crate::reject::{Code, Reject};
use crate::time::BusinessDate;
use crate::units::Quantity;
use crate::world::{Halt, Scope, World, table};

/// Days of documents and moves that copies keep, unless the server is told otherwise.
pub const KEPT_DAYS: u32 = 400;

/// The name of the command that moves the horizon, in the log.
pub const ADVANCE: &str = "history.advance";

table! {
    /// Where a company's horizon is. Rows of tables that are only added to, up to this rev, are not on copies.
    horizon: Horizon, HorizonKey {
        /// The company.
        id: CompanyId,
    } => {
        /// The last rev behind it.
        through_rev: i64,
        /// Every shift of this day or later is whole on a copy.
        kept_from: BusinessDate,
    }
    reach Company, change Update
}

table! {
    /// What a balance was at the horizon: the sum of the moves behind it.
    opening: Opening, OpeningKey {
        /// The product.
        product_id: ProductId,
        /// The location.
        location_id: LocationId,
        /// The lot.
        lot_id: LotId,
    } => {
        /// How much.
        quantity: Quantity,
    }
    reach Warehouse, change Update
}

/// What moved between two horizons, for one balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The warehouse whose copies hold it.
    pub warehouse_id: WarehouseId,
    /// The product.
    pub product_id: ProductId,
    /// The location.
    pub location_id: LocationId,
    /// The lot.
    pub lot_id: LotId,
    /// The sum of its moves.
    pub quantity: Quantity,
}

/// A horizon further on. Made from the ledger by the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// The company.
    pub company: CompanyId,
    /// Where the horizon was when the sums were made.
    pub after_rev: i64,
    /// Where it will be.
    pub through_rev: i64,
    /// Every shift of this day or later stays whole.
    pub kept_from: BusinessDate,
    /// What moved in between.
    pub brought: Vec<Brought>,
}

/// Moves the horizon: openings take what moved in between. Refused (17007) if it was moved since the sums were made.
pub fn advance(world: &mut World, advance: &Advance) -> Result<(), Halt> {
    let key = HorizonKey { id: advance.company };
    world.wish::<Horizon>(&key);
    for brought in &advance.brought {
        world.wish::<Opening>(&key_of(brought));
    }
    world.granted()?;
    let found = world.find::<Horizon>(&key)?;
    if found.as_ref().map_or(0, |horizon| horizon.through_rev) != advance.after_rev {
        return Err(Reject::new(Code::ChangedMeanwhile).with("field", "through_rev").into());
    }
    let horizon = Horizon { id: advance.company, through_rev: advance.through_rev, kept_from: advance.kept_from };
    match found {
        Some(_) => world.update(horizon),
        None => world.insert(Scope::COMPANY, horizon),
    }
    for brought in &advance.brought {
        bring(world, brought)?;
    }
    Ok(())
}

const fn key_of(brought: &Brought) -> OpeningKey {
    OpeningKey { product_id: brought.product_id, location_id: brought.location_id, lot_id: brought.lot_id }
}

fn bring(world: &mut World, brought: &Brought) -> Result<(), Halt> {
    match world.find::<Opening>(&key_of(brought))? {
        Some(mut opening) => {
            opening.quantity = opening.quantity.plus(brought.quantity)?;
            world.update(opening);
        }
        None => {
            let OpeningKey { product_id, location_id, lot_id } = key_of(brought);
            world.insert(Scope::of_id(brought.warehouse_id.0), Opening { product_id, location_id, lot_id, quantity: brought.quantity });
        }
    }
    Ok(())
}

/// What a till that keeps only newer documents asks its server for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Older {
    /// Nothing: everything it has to say is on the till.
    Nothing,
    /// The answer, if the till finds nothing.
    IfNothingIsHere,
    /// The answer: it is about a day that the till does not keep.
    Answer,
}

/// Whether a question may be about such documents at all, whatever the day: most are not, and are not held up.
pub fn may_be_older(query: &Query) -> bool {
    older(query, BusinessDate(chrono::NaiveDate::MAX)) != Older::Nothing
}

/// Whether a question is about documents that a till no longer keeps.
pub fn older(query: &Query, kept_from: BusinessDate) -> Older {
    let Query::Counter(query) = query else { return Older::Nothing };
    let filter = match query {
        counter::Query::GetSale(_) | counter::Query::FindSale(_) | counter::Query::GetSaleLedger(_) => return Older::IfNothingIsHere,
        counter::Query::ListSales(question) => &question.filter,
        counter::Query::BrowseSales(question) => &question.filter,
        _ => return Older::Nothing,
    };
    match filter.business_date {
        Some(day) if day < kept_from => Older::Answer,
        Some(_) => Older::Nothing,
        None if filter.text.is_empty() => Older::Nothing,
        None => Older::IfNothingIsHere,
    }
}
