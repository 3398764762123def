//! What a code means: asked of the catalogue under each form it may be known by.

use kontor_domain::catalog::scale::{ScalePattern, read_label};
use kontor_domain::catalog::{ScanCode, ScanHit};
use kontor_domain::reject::Reject;
use kontor_domain::units::Quantity;
use leptos::prelude::*;

use super::code::candidates;
use crate::backend;
use crate::state::app;

/// What one code found.
pub(crate) struct Found {
    /// What it may be; several: a person says which.
    pub(crate) hits: Vec<ScanHit>,
    /// How much of it: one, or what the scale weighed, as many times as was asked.
    pub(crate) quantity: Quantity,
}

/// Looks a code up: as it is, as another form of the same trade number, and as a label of the shop's scales. `times`: how
/// often it stands for what it means.
pub(crate) async fn find(code: &str, times: Quantity) -> Result<Found, Reject> {
    let hits = first(candidates(code)).await?;
    if !hits.is_empty() {
        return Ok(Found { hits, quantity: times });
    }
    let Some(label) = read_label(&patterns(), code) else { return Ok(Found { hits, quantity: times }) };
    let hits = first(label.codes).await?.into_iter().map(|hit| label.amount.sold(hit)).collect::<Result<_, _>>()?;
    Ok(Found { hits, quantity: label.amount.quantity().times_pack(times)? })
}

/// The hits of the first code that has any.
async fn first(codes: Vec<String>) -> Result<Vec<ScanHit>, Reject> {
    for code in codes {
        let hits = backend::ask(ScanCode { code }).await?;
        if !hits.is_empty() {
            return Ok(hits);
        }
    }
    Ok(Vec::new())
}

fn patterns() -> Vec<ScalePattern> {
    // What another version of the program let through is no pattern here.
    let read = |text: &str| ScalePattern::parse_all(text).unwrap_or_default();
    app().session.with_untracked(|session| session.as_ref().map(|session| read(&session.company.scale_barcodes)).unwrap_or_default())
}
