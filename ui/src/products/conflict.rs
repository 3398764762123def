//! The same product changed in two places: what differs, and what a person makes of it.

use kontor_domain::catalog::ProductDraft;

/// A part of a product that can be decided by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Code,
    Name,
    Description,
    Unit,
    Category,
    Tax,
    Price,
    Low,
    High,
    Favourite,
    Active,
    Barcodes,
    Tags,
}

impl Part {
    const ALL: &'static [Self] = &[
        Self::Code,
        Self::Name,
        Self::Description,
        Self::Unit,
        Self::Category,
        Self::Tax,
        Self::Price,
        Self::Low,
        Self::High,
        Self::Favourite,
        Self::Active,
        Self::Barcodes,
        Self::Tags,
    ];

    /// Its name among the fields.
    pub(super) const fn field(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Name => "name",
            Self::Description => "description",
            Self::Unit => "unit",
            Self::Category => "category",
            Self::Tax => "tax",
            Self::Price => "price",
            Self::Low => "low_threshold",
            Self::High => "high_threshold",
            Self::Favourite => "favourite",
            Self::Active => "active",
            Self::Barcodes => "barcodes",
            Self::Tags => "tags",
        }
    }

    fn same(self, one: &ProductDraft, other: &ProductDraft) -> bool {
        match self {
            Self::Code => one.code == other.code,
            Self::Name => one.name == other.name,
            Self::Description => one.description == other.description,
            Self::Unit => one.unit == other.unit,
            Self::Category => one.category_id == other.category_id,
            Self::Tax => one.tax_id == other.tax_id,
            Self::Price => one.price == other.price,
            Self::Low => one.low_threshold == other.low_threshold,
            Self::High => one.high_threshold == other.high_threshold,
            Self::Favourite => one.favourite == other.favourite,
            Self::Active => one.active == other.active,
            Self::Barcodes => sorted(&one.barcodes) == sorted(&other.barcodes),
            Self::Tags => sorted(&one.tags) == sorted(&other.tags),
        }
    }

    fn copy(self, to: &mut ProductDraft, from: &ProductDraft) {
        match self {
            Self::Code => to.code.clone_from(&from.code),
            Self::Name => to.name.clone_from(&from.name),
            Self::Description => to.description.clone_from(&from.description),
            Self::Unit => to.unit.clone_from(&from.unit),
            Self::Category => to.category_id = from.category_id,
            Self::Tax => to.tax_id = from.tax_id,
            Self::Price => to.price = from.price,
            Self::Low => to.low_threshold = from.low_threshold,
            Self::High => to.high_threshold = from.high_threshold,
            Self::Favourite => to.favourite = from.favourite,
            Self::Active => to.active = from.active,
            Self::Barcodes => to.barcodes.clone_from(&from.barcodes),
            Self::Tags => to.tags.clone_from(&from.tags),
        }
    }
}

fn sorted<T: Clone + Ord>(all: &[T]) -> Vec<T> {
    let mut all = all.to_vec();
    all.sort();
    all
}

/// Whether two states of a product say the same; the order of barcodes and tags means nothing.
pub(super) fn same(one: &ProductDraft, other: &ProductDraft) -> bool {
    Part::ALL.iter().all(|part| part.same(one, other))
}

/// Three states of a product: as it was loaded, as it is entered here, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    pub(super) before: ProductDraft,
    pub(super) mine: ProductDraft,
    pub(super) theirs: ProductDraft,
}

impl Conflict {
    /// Parts that both changed, and not to the same.
    pub(super) fn parts(&self) -> Vec<Part> {
        let is_open =
            |part: &&Part| !part.same(&self.before, &self.mine) && !part.same(&self.before, &self.theirs) && !part.same(&self.mine, &self.theirs);
        Part::ALL.iter().filter(is_open).copied().collect()
    }

    /// The product with every change of one side only, and `keep_mine` where both changed.
    pub(super) fn settle(&self, keep_mine: &[Part]) -> ProductDraft {
        let open = self.parts();
        let mut settled = self.theirs.clone();
        for part in Part::ALL {
            let is_mine_alone = !part.same(&self.before, &self.mine) && !open.contains(part);
            if is_mine_alone || keep_mine.contains(part) {
                part.copy(&mut settled, &self.mine);
            }
        }
        settled
    }
}

#[cfg(test)]
mod tests {
    use kontor_domain::catalog::THRESHOLD_OFF;
    use kontor_domain::ids::TaxId;
    use kontor_domain::units::UnitPrice;
    use uuid::Uuid;

    use super::*;

    fn draft(name: &str, price: i64, tags: &[&str]) -> ProductDraft {
        ProductDraft {
            code: "A".into(),
            name: name.into(),
            description: String::new(),
            unit: "pcs".into(),
            category_id: None,
            tax_id: TaxId(Uuid::nil()),
            price: UnitPrice(price),
            low_threshold: THRESHOLD_OFF,
            high_threshold: THRESHOLD_OFF,
            favourite: None,
            active: true,
            barcodes: Vec::new(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        }
    }

    #[test]
    fn only_what_both_changed_differently_is_asked() {
        let conflict = Conflict { before: draft("Tea", 10, &[]), mine: draft("Green tea", 12, &[]), theirs: draft("Tea", 15, &["new"]) };
        assert_eq!(conflict.parts(), [Part::Price]);
    }

    #[test]
    fn what_one_side_changed_is_kept_and_the_rest_is_chosen() {
        let conflict = Conflict { before: draft("Tea", 10, &[]), mine: draft("Green tea", 12, &[]), theirs: draft("Tea", 15, &["new"]) };
        assert_eq!(conflict.settle(&[]), draft("Green tea", 15, &["new"]));
        assert_eq!(conflict.settle(&[Part::Price]), draft("Green tea", 12, &["new"]));
    }

    #[test]
    fn the_order_of_tags_means_nothing() {
        assert!(same(&draft("Tea", 10, &["a", "b"]), &draft("Tea", 10, &["b", "a"])));
        assert!(!same(&draft("Tea", 10, &["a"]), &draft("Tea", 10, &["b"])));
    }
}
