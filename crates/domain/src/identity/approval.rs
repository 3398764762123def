//! What a person may not do alone: somebody who may more allows it at the till, and the command says so.
//!
//! Who it is was proved on the device, by a PIN or a password that is in no command. That is for the program to vouch for
//! where the command is entered; what the approver may is decided here, by the role.

use serde::{Deserialize, Serialize};

use super::{BuiltIn, PermissionSet, Person, PersonKey, Powers, Role, RoleKey, powers};
use crate::command::{Exec, Permission, Rights};
use crate::ids::{ApprovalId, PersonId};
use crate::reject::{Code, Reject};
use crate::units::Rate;
use crate::world::{Halt, Scope};

/// What somebody who may more allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// It: it is good for one command.
    pub id: ApprovalId,
    /// Who allowed it.
    pub person_id: PersonId,
    /// What of theirs was lent.
    #[serde(default)]
    pub permissions: PermissionSet,
    /// The largest discount that was allowed.
    #[serde(default)]
    pub discount: Rate,
}

/// What a command does that can be allowed by somebody who may more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approvable {
    /// What it needs.
    pub permissions: PermissionSet,
    /// Its largest discount.
    pub discount: Rate,
}

impl Approvable {
    /// The approval of all of it.
    pub fn by(self, id: ApprovalId, person_id: PersonId) -> Approval {
        Approval { id, person_id, permissions: self.permissions, discount: self.discount }
    }

    /// Why these powers do not reach, if they do not.
    pub fn beyond(&self, powers: &Powers) -> Option<Reject> {
        if let Some(permission) = powers.rights.missing(&Rights::Only(self.permissions.0.clone())) {
            return Some(Reject::new(Code::InsufficientPermission).with("permission", permission.word()));
        }
        (self.discount > powers.discount_limit).then(|| over_discount_limit(powers.discount_limit, self.discount))
    }
}

/// The refusal of a discount.
pub(crate) fn over_discount_limit(limit: Rate, asked: Rate) -> Reject {
    Reject::new(Code::OverDiscountLimit).with("limit", limit.percent_figure()).with("asked", asked.percent_figure())
}

/// What a person of the company may, now.
fn powers_of(exec: &mut Exec<'_>, id: PersonId) -> Result<Result<Powers, Reject>, Halt> {
    let Some(person) = exec.world.find::<Person>(&PersonKey { id })? else { return Ok(Err(Reject::new(Code::Unauthorised))) };
    if !person.active {
        return Ok(Err(Reject::new(Code::Inactive)));
    }
    let is_owner = BuiltIn::of_role(person.role_id) == Some(BuiltIn::Owner);
    let role = if is_owner { None } else { exec.world.find::<Role>(&RoleKey { id: person.role_id })? };
    Ok(Ok(powers(&person, role.as_ref())))
}

/// Who acts is a person of the company, active, and may do this by the role, now, or with what somebody who may more has
/// lent. A fact that is executed again stands and is flagged, once.
pub(crate) fn check_person(exec: &mut Exec<'_>) -> Result<(), Halt> {
    let actor = exec.envelope.actor;
    let refused = match powers_of(exec, actor)? {
        Err(reject) => Some(reject),
        Ok(powers) => {
            exec.powers = Powers { rights: powers.rights.within(&exec.context.rights), ..powers };
            take_up_approval(exec)?;
            check_permission(exec, exec.envelope.command.permission()).err()
        }
    };
    match refused {
        None => Ok(()),
        Some(reject) => exec.refuse_or_flag(reject, actor.0, Scope::COMPANY),
    }
}

/// Takes up what was lent, as far as the approver has it now. To who may nothing here nothing can be lent.
fn take_up_approval(exec: &mut Exec<'_>) -> Result<(), Halt> {
    let Some(approval) = exec.envelope.command.approval() else { return Ok(()) };
    if exec.powers.rights == Rights::none() {
        return Ok(());
    }
    match powers_of(exec, approval.person_id)? {
        Err(reject) => exec.refuse_or_flag(reject, approval.person_id.0, Scope::COMPANY),
        Ok(powers) => {
            let lent = powers.rights.within(&exec.context.lender).within(&Rights::Only(approval.permissions.0.clone()));
            // Who is not believed here lends no discount either.
            let is_believed = exec.context.lender != Rights::none();
            let discount_limit = if is_believed { powers.discount_limit.min(approval.discount) } else { Rate::ZERO };
            exec.lent = Powers { rights: lent, discount_limit };
            Ok(())
        }
    }
}

/// Whether the actor may it, alone or with what was lent.
pub(crate) fn check_permission(exec: &Exec<'_>, permission: Permission) -> Result<(), Reject> {
    if exec.powers.rights.allow(permission) || exec.lent.rights.allow(permission) {
        return Ok(());
    }
    Err(Reject::new(Code::InsufficientPermission).with("permission", permission.word()))
}

/// Whether the actor may let go of so much, alone or with what was lent.
pub(crate) fn check_discount(exec: &Exec<'_>, asked: Rate) -> Result<(), Reject> {
    let limit = exec.powers.discount_limit.max(exec.lent.discount_limit);
    if asked <= limit { Ok(()) } else { Err(over_discount_limit(limit, asked)) }
}
