//! A command that was not accepted is entered once more, by a person's wish.

use kontor_domain::command::COMMAND_VERSION;
use kontor_domain::host::Over;
use kontor_domain::ids::CommandId;
use kontor_domain::reject::{Code, Reject};
use kontor_sync::authority::Done;
use kontor_sync::upcast::upcast;
use serde_json::Value;
use uuid::Uuid;

use crate::platform;
use crate::program::internal;
use crate::shop::Shop;

/// Most fields of one edit.
const FIELDS: usize = 32;

/// Enters it under a new id. With [`Over::Theirs`] an edit takes for granted what stands now.
pub async fn enter_again(shop: &Shop, id: CommandId, over: Over) -> Result<Done, Reject> {
    let gone = || Reject::new(Code::NotFound).with("what", "command");
    let entered = shop.reader().entered(&shop.asker(), id).await.map_err(|error| error.reject())?.ok_or_else(gone)?;
    let mut args: Value = serde_json::from_str(&entered.args).map_err(|_| gone())?;
    let version = u32::try_from(entered.version).unwrap_or(COMMAND_VERSION);
    for _ in 0..FIELDS {
        let command = upcast(&entered.name, version, args.clone()).map_err(internal)?;
        match shop.submit(CommandId(Uuid::now_v7()), command, platform::now()).await {
            Err(reject) if reject.code == Code::ChangedMeanwhile && over == Over::Theirs && take_for_granted(&mut args, &reject) => {}
            done => return done,
        }
    }
    Err(internal("too many fields"))
}

/// Puts what stands now where the edit of that field says what it saw.
fn take_for_granted(args: &mut Value, reject: &Reject) -> bool {
    let (Some(field), Some(theirs)) = (reject.args.get("field"), reject.args.get("theirs")) else { return false };
    let Ok(theirs) = serde_json::from_str(theirs) else { return false };
    find_edit(args, field).map(|from| *from = theirs).is_some()
}

/// The place of what an edit of a field saw. A refusal says `tax` of what the command calls `tax_id`.
fn find_edit<'a>(value: &'a mut Value, field: &str) -> Option<&'a mut Value> {
    match value {
        Value::Object(members) => {
            let is_edit = |edit: &Value| edit.get("from").is_some() && edit.get("to").is_some();
            let names = [field.to_owned(), format!("{field}_id")];
            match names.iter().find(|name| members.get(name.as_str()).is_some_and(is_edit)) {
                Some(name) => members.get_mut(name.as_str())?.get_mut("from"),
                None => members.values_mut().find_map(|member| find_edit(member, field)),
            }
        }
        Value::Array(items) => items.iter_mut().find_map(|item| find_edit(item, field)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_edit_saw_is_replaced() {
        let mut args =
            json!({ "catalog": { "edit_product": { "id": "x", "edits": { "name": { "from": "a", "to": "b" }, "price": { "from": 1, "to": 2 } } } } });
        let refused = Reject::field(Code::ChangedMeanwhile, "price").with("theirs", "7").with("mine", "2").with("before", "1");
        assert!(take_for_granted(&mut args, &refused));
        assert_eq!(args.pointer("/catalog/edit_product/edits/price"), Some(&json!({ "from": 7, "to": 2 })));
        assert_eq!(args.pointer("/catalog/edit_product/edits/name"), Some(&json!({ "from": "a", "to": "b" })));
        let mut by_id = json!({ "catalog": { "edit_product": { "tax_id": { "from": "a", "to": "b" } } } });
        let refused = Reject::field(Code::ChangedMeanwhile, "tax").with("theirs", "\"c\"");
        assert!(take_for_granted(&mut by_id, &refused));
        assert_eq!(by_id.pointer("/catalog/edit_product/tax_id/from"), Some(&json!("c")));
        let other = Reject::field(Code::ChangedMeanwhile, "unit").with("theirs", "7");
        assert!(!take_for_granted(&mut args, &other));
    }
}
