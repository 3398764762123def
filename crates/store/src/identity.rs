//! Reading who may act, and what was done.

use kontor_domain::catalog::Page;
use kontor_domain::cell::{Cell, Value};
use kontor_domain::command::Rights;
use kontor_domain::identity::{
    self, ApiKey, BrowsePersons, BuiltIn, KeyView, ListPersons, NetworkRule, Person, PersonFilter, PersonPlace, PersonSort, PersonView, Powers,
    Profile, Query, Role, RoleView,
};
use kontor_domain::ids::{PersonId, RoleId};
use kontor_domain::place::{Place, Stretch};
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::reader::{Asker, Reader, clamp, columns, get, json, like, place_holders, row_at, values};

mod audit;

/// Columns of a row type.
pub(crate) fn width<R: kontor_domain::world::Row>() -> usize {
    R::TABLE.info().columns.len()
}

/// A row that a LEFT JOIN may not have found: its key comes first.
pub(crate) fn joined<R: kontor_domain::world::Row>(row: &AnyRow, first: usize) -> Result<Option<R>, StoreError> {
    match get::<Option<uuid::Uuid>>(row, first)? {
        Some(_) => Ok(Some(row_at(row, first)?)),
        None => Ok(None),
    }
}

fn role_name(role_id: RoleId, row: Option<Role>) -> String {
    row.map(|role| role.name).or_else(|| BuiltIn::of_role(role_id).map(|built_in| built_in.word().to_owned())).unwrap_or_default()
}

const PERSON_FROM: &str = "FROM person p LEFT JOIN profile f ON f.company = p.company AND f.id = p.id
    LEFT JOIN role r ON r.company = p.company AND r.id = p.role_id";

impl Reader {
    pub(crate) async fn answer_identity(&self, asker: &Asker, query: &Query) -> Result<String, StoreError> {
        match query {
            Query::ListPersons(question) => json(&self.persons(asker, question).await?),
            Query::BrowsePersons(question) => json(&self.browse_persons(asker, question).await?),
            Query::GetPerson(question) => json(&self.person_view(asker, question.id).await?),
            Query::GetProfile(_) => json(&self.person_view(asker, asker.person).await?),
            Query::ListRoles(_) => json(&self.roles(asker).await?),
            Query::ListKeys(_) => json(&self.keys(asker).await?),
            Query::ListNetworkRules(_) => json(&self.network_rules(asker).await?),
            Query::ListAudit(question) => json(&self.audit(asker, question).await?),
            Query::GetAudit(question) => json(&self.audit_detail(asker, question.id).await?),
        }
    }

    /// What the person who asks may do, as this copy knows it.
    pub async fn rights(&self, asker: &Asker) -> Result<Rights, StoreError> {
        Ok(self.acting_person(asker, asker.person).await?.map_or_else(Rights::none, |(_, powers)| powers.rights))
    }

    /// A person and what they may do, as this copy knows it.
    pub async fn acting_person(&self, asker: &Asker, id: PersonId) -> Result<Option<(Person, Powers)>, StoreError> {
        let sql = format!(
            "SELECT {}, {} FROM person p LEFT JOIN role r ON r.company = p.company AND r.id = p.role_id WHERE p.company = $1 AND p.id = $2",
            columns::<Person>("p"),
            columns::<Role>("r")
        );
        let Some(row) = self.fetch_one(sql, values(asker, [id.to_value()])).await? else { return Ok(None) };
        let person: Person = row_at(&row, 0)?;
        let powers = identity::powers(&person, joined::<Role>(&row, width::<Person>())?.as_ref());
        Ok(Some((person, powers)))
    }

    /// Who signs in under a name.
    pub async fn person_named(&self, asker: &Asker, username: &str) -> Result<Option<Person>, StoreError> {
        let named = vec![asker.company.to_value(), Value::Text(username.to_owned())];
        Ok(self.rows::<Person>("company = $1 AND username = $2", named).await?.into_iter().next())
    }

    /// All rules about networks.
    pub async fn network_rules(&self, asker: &Asker) -> Result<Vec<NetworkRule>, StoreError> {
        self.rows::<NetworkRule>("company = $1 ORDER BY kind, network", values(asker, [])).await
    }

    /// One person.
    pub async fn person_view(&self, asker: &Asker, id: PersonId) -> Result<Option<PersonView>, StoreError> {
        let sql = format!("SELECT {} {PERSON_FROM} WHERE p.company = $1 AND p.id = $2", person_columns());
        self.fetch_one(sql, values(asker, [id.to_value()])).await?.as_ref().map(person_of).transpose()
    }

    /// The condition of a list of people, and its values.
    fn person_condition(&self, asker: &Asker, filter: &PersonFilter) -> (String, Vec<Value>) {
        let mut condition = "p.company = $1".to_owned();
        let mut bound = values(asker, []);
        if !filter.text.trim().is_empty() {
            bound.push(Value::Text(like(filter.text.trim())));
            let (place, operator) = (bound.len(), self.like_operator());
            let parts =
                ["p.name", "p.username", "f.email", "f.department", "f.position"].map(|column| format!("{column} {operator} ${place} ESCAPE '!'"));
            condition.push_str(&format!(" AND ({})", parts.join(" OR ")));
        }
        if let Some(role_id) = filter.role_id {
            bound.push(role_id.to_value());
            condition.push_str(&format!(" AND p.role_id = ${}", bound.len()));
        }
        if let Some(active) = filter.active {
            bound.push(active.to_value());
            condition.push_str(&format!(" AND p.active = ${}", bound.len()));
        }
        (condition, bound)
    }

    async fn persons(&self, asker: &Asker, question: &ListPersons) -> Result<Page<PersonView>, StoreError> {
        let (condition, mut bound) = self.person_condition(asker, &question.filter);
        let total = self.number(format!("SELECT COUNT(*) {PERSON_FROM} WHERE {condition}"), bound.clone()).await?;
        bound.extend([Value::Int(clamp(question.limit)), Value::Int(i64::from(question.offset))]);
        let (limit, offset, order) = (bound.len() - 1, bound.len(), person_order(question.filter.sort));
        let sql = format!("SELECT {} {PERSON_FROM} WHERE {condition} ORDER BY {order} LIMIT ${limit} OFFSET ${offset}", person_columns());
        let rows = self.fetch(sql, bound).await?.iter().map(person_of).collect::<Result<_, _>>()?;
        Ok(Page { rows, total })
    }

    async fn browse_persons(&self, asker: &Asker, question: &BrowsePersons) -> Result<Stretch<PersonView, PersonPlace>, StoreError> {
        let sort = question.after.as_ref().map_or(question.filter.sort, |after| after.0.sort());
        let (mut condition, mut bound) = self.person_condition(asker, &question.filter);
        if let Some(Place(after)) = &question.after {
            let (columns, place) = match after {
                PersonPlace::Name(name, id) => ("(p.name, p.id) >", vec![name.to_value(), id.to_value()]),
                PersonPlace::Username(username, id) => ("(p.username, p.id) >", vec![username.to_value(), id.to_value()]),
                PersonPlace::Newest(id) => ("(p.id) <", vec![id.to_value()]),
            };
            condition.push_str(&format!(" AND {columns} ({})", place_holders(bound.len(), place.len())));
            bound.extend(place);
        }
        let limit = clamp(question.limit);
        bound.push(Value::Int(limit + 1));
        let (columns, order, last) = (person_columns(), person_order(sort), bound.len());
        let rows = self.fetch(format!("SELECT {columns} {PERSON_FROM} WHERE {condition} ORDER BY {order} LIMIT ${last}"), bound).await?;
        let rows = rows.iter().map(person_of).collect::<Result<Vec<_>, _>>()?;
        Ok(Stretch::of(rows, usize::try_from(limit).unwrap_or(usize::MAX), |view| PersonPlace::of(sort, &view.person)))
    }

    async fn roles(&self, asker: &Asker) -> Result<Vec<RoleView>, StoreError> {
        let stored = self.rows::<Role>("company = $1 ORDER BY name, id", values(asker, [])).await?;
        let mut views = Vec::with_capacity(stored.len() + BuiltIn::ALL.len());
        for built_in in BuiltIn::ALL {
            let role = stored.iter().find(|role| role.id == RoleId::of(*built_in)).cloned();
            let edited = role.is_some();
            views.push(RoleView { role: role.unwrap_or_else(|| built_in.role()), built_in: Some(*built_in), edited, person_count: 0 });
        }
        let own = stored.into_iter().filter(|role| BuiltIn::of_role(role.id).is_none());
        views.extend(own.map(|role| RoleView { role, built_in: None, edited: false, person_count: 0 }));
        let counted = self.fetch("SELECT role_id, COUNT(*) FROM person WHERE company = $1 GROUP BY role_id".to_owned(), values(asker, [])).await?;
        for row in &counted {
            let (id, count): (RoleId, i64) = (get(row, 0)?, get(row, 1)?);
            views.iter_mut().filter(|view| view.role.id == id).for_each(|view| view.person_count = count);
        }
        Ok(views)
    }

    async fn keys(&self, asker: &Asker) -> Result<Vec<KeyView>, StoreError> {
        let sql = format!(
            "SELECT {}, p.name, x.last_used_at FROM api_key k LEFT JOIN person p ON p.company = k.company AND p.id = k.person_id
             LEFT JOIN api_key_secret x ON x.id = k.id WHERE k.company = $1 ORDER BY k.created_at DESC, k.id",
            columns::<ApiKey>("k")
        );
        let first = width::<ApiKey>();
        let view = |row: &AnyRow| {
            let person_name = get::<Option<String>>(row, first)?.unwrap_or_default();
            Ok(KeyView { key: row_at(row, 0)?, person_name, last_used_at: get(row, first + 1)? })
        };
        self.fetch(sql, values(asker, [])).await?.iter().map(view).collect()
    }
}

const fn person_order(sort: PersonSort) -> &'static str {
    match sort {
        PersonSort::Name => "p.name, p.id",
        PersonSort::Username => "p.username, p.id",
        PersonSort::Newest => "p.id DESC",
    }
}

fn person_columns() -> String {
    [columns::<Person>("p"), columns::<Profile>("f"), columns::<Role>("r")].join(", ")
}

fn person_of(row: &AnyRow) -> Result<PersonView, StoreError> {
    let person: Person = row_at(row, 0)?;
    let profile = joined::<Profile>(row, width::<Person>())?;
    let role = joined::<Role>(row, width::<Person>() + width::<Profile>())?;
    Ok(PersonView { role_name: role_name(person.role_id, role), person, profile })
}
