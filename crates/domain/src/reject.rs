//! Why a command or query was refused: a stable code, and what the sentence for people needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $number:literal),+ $(,)?) => {
        /// The stable codes. The class (first two digits) gives the HTTP status; each has a sentence
        /// `reject-NUMBER` in the translation files.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$meta])* $name),+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            /// The number people and programs see.
            pub const fn number(self) -> u32 {
                match self { $(Self::$name => $number),+ }
            }
        }
    };
}

codes! {
    /// The file is no picture: PNG, JPEG, GIF or WebP.
    FileType = 10001,
    /// What was sent did not arrive whole.
    UploadFailed = 10002,
    /// The old password is not the one that is kept.
    OldPasswordWrong = 10003,
    /// The file is not a CSV file.
    CsvOnly = 10004,
    /// Columns are missing: `{columns}`.
    MissingColumns = 10005,
    /// A row lacks a value: `{row}`, `{column}`.
    MissingValue = 10006,
    /// Something inside went wrong; nothing was written. `{reference}` is in the log.
    Internal = 10500,
    /// Name and password do not go together: which of them is wrong is nobody's business.
    BadCredentials = 11001,
    /// The token is no longer good, or never was.
    TokenInvalid = 11002,
    /// Unauthorised: no person is signed in.
    Unauthorised = 11003,
    /// Only staff may do this here.
    NotStaff = 11005,
    /// The person is not active.
    Inactive = 11006,
    /// The company's time has run out.
    CompanyExpired = 11007,
    /// Too many wrong tries: nobody signs in under this name from this network before `{until}`.
    LockedOut = 11008,
    /// The person may not do this: `{permission}`.
    InsufficientPermission = 12001,
    /// Nobody may come from this address.
    AddressDenied = 12002,
    /// The address is not on the list of those that may come.
    AddressNotAllowed = 12003,
    /// No such key, or no longer.
    ApiKeyUnknown = 12004,
    /// Not found: `{what}`.
    NotFound = 13001,
    /// No such person.
    UserNotFound = 13002,
    /// No such product.
    ProductNotFound = 13003,
    /// No such warehouse.
    WarehouseNotFound = 13005,
    /// Malformed: `{field}`.
    Format = 14001,
    /// A document without lines.
    LinesEmpty = 14005,
    /// From and to are the same place.
    SameFromAndTo = 14006,
    /// These permissions do not go into this role.
    PermissionFormat = 14008,
    /// A figure out of range: `{field}`.
    OutOfRange = 14010,
    /// Too long: `{field}`, at most `{limit}`.
    TooLong = 14011,
    /// A character that cannot be kept: `{field}`.
    ForbiddenCharacter = 14012,
    /// The low threshold is not a threshold.
    LowThreshold = 15013,
    /// The high threshold is not a threshold.
    HighThreshold = 15014,
    /// The high threshold must exceed the low one.
    HighMustExceedLow = 15015,
    /// `{action}` is not allowed in `{state}`.
    NotAllowedInState = 16000,
    /// No shift is open on this till.
    NoOpenShift = 17001,
    /// A shift is open on this till already.
    ShiftOpen = 17002,
    /// More than was sold less what was returned: `{left}` of `{name}`.
    MoreThanRefundable = 17003,
    /// The tenders do not reach the total: `{missing}`.
    TenderShort = 17004,
    /// The discount is over what this person may give.
    OverDiscountLimit = 17005,
    /// Code or barcode in use: `{value}` by `{name}`.
    CodeInUse = 17006,
    /// This approval was not given here, or for something else.
    ApprovalUnknown = 17008,
    /// This device does not know the person by that any more, or yet: they sign in at the shop server.
    NotKnownHere = 11009,
    /// Changed meanwhile: `{field}`: `{before}` → `{theirs}`, you wanted `{mine}`.
    ChangedMeanwhile = 17007,
    /// The file was written by a newer program: `{found}`, this program knows `{known}`.
    DatabaseNewer = 18001,
    /// The disk is full.
    DiskFull = 18002,
    /// The folder or file cannot be written: `{path}`.
    ReadOnly = 18003,
    /// The file is damaged: `{path}`.
    FileDamaged = 18004,
    /// The file is open in another program: `{path}`.
    AlreadyOpen = 18005,
    /// Only taken where the shop server is reached.
    OnlineOnly = 18007,
    /// The computer's clock was set back: last `{last}`, now `{now}`.
    ClockSetBack = 18006,
    /// The shop server is not reached: `{address}`.
    ServerAway = 18008,
    /// The shop server has a certificate that nobody vouches for: a person compares `{fingerprint}`.
    CertificateUnknown = 18009,
    /// The shop server's certificate is not the one that was compared.
    CertificateOther = 18010,
    /// The shop server no longer takes this till's token.
    TokenRefused = 18011,
    /// Commands of this till were not sent: `{count}`.
    Unsent = 18012,
    /// The shop server answered as this program does not understand: `{status}`.
    ServerUnexpected = 18013,
    /// The shop at the server is not the state of this one: sold on after the file was taken.
    MovedOlder = 18014,
    /// This program is older than the shop server's.
    ProgramOlder = 18015,
    /// The shop server's program is older than this one.
    ServerOlder = 18016,
    /// The till's copy is gone from this computer: `{path}`. It joins anew.
    CopyGone = 18017,
    /// The shop server has no key to seal to.
    NoSealKey = 18018,
    /// A browser does not reach the shop server at `{address}`: what became of the last request is not known.
    ServerUnreached = 18019,
    /// Only the program on a computer can do it: printers, drawers, files.
    DesktopOnly = 18020,
    /// Only for who has shown the shop server their password since they are at this device.
    NotAtServer = 18021,
    /// The printer does not answer: `{printer}`.
    PrinterAway = 18031,
    /// The system's printing did not take the paper: `{printer}`.
    PrinterRefused = 18032,
    /// The paper cannot be written to its file or folder: `{path}`.
    PaperUnwritable = 18033,
    /// No room is left for the paper: `{path}`.
    PaperNoRoom = 18034,
    /// No font is here that paper could be written with.
    NoPaperFont = 18035,
}

impl Code {
    /// The code of a number, if we know it.
    pub fn of(number: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.number())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)?;
        Self::of(number).ok_or_else(|| serde::de::Error::custom(format!("unknown code {number}")))
    }
}

/// A refusal. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{} {args:?}", code.number())]
pub struct Reject {
    /// Which rule.
    pub code: Code,
    /// What the sentence names, by placeholder.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl Reject {
    /// A refusal without details.
    pub fn new(code: Code) -> Self {
        Self { code, args: BTreeMap::new() }
    }

    /// The same with one more detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }

    /// A refusal about one field of the input.
    pub fn field(code: Code, field: &str) -> Self {
        Self::new(code).with("field", field)
    }

    /// The same refusal, naming the field if it does not name one yet.
    #[must_use]
    pub fn about(mut self, field: &str) -> Self {
        self.args.entry("field".to_owned()).or_insert_with(|| field.to_owned());
        self
    }
}
