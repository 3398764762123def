//! What a screen may ask of the program that hosts it, beside `execute` and `query`: files, printers, preferences.
//!
//! On the desktop this is one IPC call `host(call) -> answer`; a browser's server answers the ones that make sense there.

mod seat;

use serde::{Deserialize, Serialize};

pub use seat::{
    Asking, KeepProof, KnownPerson, PASSWORD_BYTES_LIMIT, PASSWORD_LEAST, PIN_DIGITS, Proof, ProofKind, Seat, ServerAsk, ServerMethod, SignInAt,
};

use crate::blob::BlobHash;
#[allow(unused_imports, reason = "named in docs")]
use crate::catalog::ImportSummary;
use crate::cell::words;
use crate::command::{Command, Event, Permission};
#[allow(unused_imports, reason = "named in docs")]
use crate::identity::Approval;
use crate::ids::{BatchId, CommandId, CompanyId, DeviceId, PersonId, PrinterId, ProductId};
use crate::printing::{PaperDocument, PrintJob};
use crate::reject::Reject;
use crate::secret::Secret;
use crate::time::{BusinessDate, Instant};
pub use crate::verify::{Difference, VerifyReport};

words! {
    /// Light or dark.
    Theme {
        /// As the system says.
        System = "system",
        /// Light.
        Light = "light",
        /// Dark.
        Dark = "dark",
    }
}

words! {
    /// Room between things.
    Density {
        /// For fingers.
        Comfortable = "comfortable",
        /// More rows on a screen.
        Compact = "compact",
    }
}

/// How this device likes to be used. Not business data: a small file beside the shop's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Language of the screens: `en`, `zh-Hant`, `zh-Hans`; `None`: the system's.
    pub locale: Option<String>,
    /// Light or dark.
    pub theme: Theme,
    /// Room between things.
    pub density: Density,
    /// Whether the counter makes sounds.
    pub sound: bool,
    /// Keys bound otherwise than usual: action name → `KeyboardEvent.key` with modifiers (`Ctrl+K`).
    pub keys: Vec<(String, String)>,
    /// Which shop file was open last: `shop` or `demo`.
    pub last_shop: Option<String>,
    /// After how many minutes without a touch the window is locked, where it asks who is there; `None`: never.
    pub lock_after_minutes: Option<u32>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            locale: None,
            theme: Theme::System,
            density: Density::Comfortable,
            sound: true,
            keys: Vec::new(),
            last_shop: None,
            lock_after_minutes: None,
        }
    }
}

/// Which file is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShopFile {
    /// The person's own shop.
    Own,
    /// The demo shop.
    Demo,
    /// This till's copy of a shop that is kept at a shop server.
    Joined,
}

/// What the first screen needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Version of the program.
    pub version: String,
    /// Preferences.
    pub preferences: Preferences,
    /// The system's language, best match of ours.
    pub system_locale: String,
    /// The system's IANA time zone.
    pub time_zone: String,
    /// Today in that zone.
    pub today: BusinessDate,
    /// The time.
    pub now: Instant,
    /// Whether the file holds a company; else the first window is shown.
    pub has_company: bool,
    /// Whether the own shop's file holds a company (while the demo is open).
    pub has_own_shop: bool,
    /// Which file is open.
    pub file: ShopFile,
    /// Where the file is.
    pub path: String,
    /// The company (chosen for a fresh file).
    pub company: CompanyId,
    /// This device (chosen for a fresh file).
    pub device: DeviceId,
    /// The signed-in person (chosen for a fresh file: the owner to be).
    pub person: PersonId,
    /// Why the file could not be opened, if so (18xxx): nothing else works then but trying again.
    pub problem: Option<Reject>,
    /// A warning that does not stop anything (clock set back).
    pub warning: Option<Reject>,
}

/// What a screen may ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostCall {
    /// -> [`Start`].
    GetStart,
    /// Tries to open the file again. -> [`Start`].
    Reopen,
    /// Opens the demo shop, making it if there is none (progress task `demo`). -> [`Start`].
    OpenDemo {
        /// Language of its names.
        locale: String,
    },
    /// Opens the person's own shop: the till's copy if it has joined a shop server, else its file, fresh or not. -> [`Start`].
    OpenOwn,
    /// Joins a shop server and opens this till's copy; the shop that was open stays as it is, except that one which
    /// moved there is put aside. -> [`Start`].
    JoinServer(JoinServer),
    /// Leaves the shop server. What was not sent is refused ([`Code::Unsent`](crate::reject::Code::Unsent)) or written,
    /// sealed, to a file first. -> [`Start`].
    LeaveServer {
        /// Where to write what was not sent.
        sealed_path: Option<String>,
    },
    /// How this till and its shop server stand. -> `Option<SyncState>`; `None` where there is no server.
    GetSync,
    /// Tries the shop server at once. -> `()`.
    SyncNow,
    /// What this till has not had answered yet, oldest first. -> `Vec<Waiting>`.
    ListWaiting {
        /// At most so many.
        limit: u32,
    },
    /// Writes what was not sent to a file that only the shop server can open. -> `i64` commands.
    ExportUnsent {
        /// Path of the file.
        path: String,
    },
    /// Enters a command of this till again that was not accepted. -> [`Receipt`](crate::command::Receipt).
    EnterAgain {
        /// The command, as its attention item names it.
        command_id: CommandId,
        /// What an edit takes for granted: as the command did, or what stands now.
        over: Over,
    },
    /// Keeps preferences. -> `()`.
    SetPreferences(Preferences),
    /// Asks for a file. -> `Option<String>` path.
    PickFile(FileWish),
    /// Adds the picture in a file to a product. -> `()`.
    AddImage {
        /// The product.
        product_id: ProductId,
        /// Path of the file.
        path: String,
    },
    /// A picture as an address that a page can show (`data:`). -> `Option<String>`; `None`: it is not here yet, and
    /// [`HostEvent::Arrived`] tells when it is.
    GetPicture {
        /// Its bytes.
        sha256: BlobHash,
    },
    /// Reads and checks a product file; nothing is written (progress task `check`). -> [`ImportCheck`].
    CheckImport {
        /// Path of the file.
        path: String,
    },
    /// Imports the file checked last (progress task `import`). -> [`ImportSummary`].
    RunImport {
        /// The import, id made by the screen.
        batch_id: BatchId,
    },
    /// Undoes an import (progress task `revert`). -> [`ImportSummary`].
    RevertImport {
        /// The import.
        batch_id: BatchId,
    },
    /// Writes all products to a file (progress task `export`). -> `i64` rows.
    ExportProducts {
        /// Path of the file.
        path: String,
    },
    /// Stops the running long task at the next safe place. -> `()`.
    CancelTask,
    /// Recomputes everything from the ledgers (progress task `verify`). -> [`VerifyReport`].
    Verify,
    /// Writes a backup copy of the shop's file. -> `String` path.
    Backup {
        /// Path of the copy.
        path: String,
    },
    /// Makes a document's PDF. -> `String` path.
    SavePdf {
        /// What.
        document: PaperDocument,
        /// Of which sale or shift.
        document_id: uuid::Uuid,
        /// Path; `None`: the program's own folder.
        path: Option<String>,
    },
    /// Prints a test page. -> `()`.
    TestPrinter {
        /// The printer.
        printer_id: PrinterId,
    },
    /// Printers that the system knows. -> `Vec<String>`.
    ListSystemPrinters,
    /// Who is here. -> [`Seat`].
    GetSeat,
    /// Somebody says who they are by name and password: at the shop server if it is reached, else as this device knows
    /// them. -> [`Seat`].
    SignIn {
        /// The name, as the server or this device knows it.
        username: String,
        /// The password.
        password: Secret,
    },
    /// Somebody whom this device knows takes over; what is on the screen stays. -> [`Seat`].
    TakeSeat {
        /// Who.
        person_id: PersonId,
        /// What they prove it with.
        proof: Proof,
    },
    /// Nobody is here any more. -> [`Seat`].
    LockSeat,
    /// Whoever is here shows the shop server their password, and works there, too, until they leave this device. -> [`Seat`].
    GoToServer {
        /// The password.
        password: Secret,
    },
    /// Asks a path of the shop server as whoever works there. -> what it answers.
    AskServer(ServerAsk),
    /// Saves what a path of the shop server answers to a file. -> `()`.
    SaveFromServer {
        /// Path and query, `/api/v1/…`.
        path: String,
        /// Path of the file.
        to: String,
    },
    /// Somebody who may more allows a command; it is good for this command alone. -> [`Approval`].
    Approve {
        /// Who.
        person_id: PersonId,
        /// What they prove it with.
        proof: Proof,
        /// What they allow.
        command: Box<Command>,
    },
    /// Keeps a PIN, or where there is no server a password. -> [`Seat`].
    KeepProof(KeepProof),
    /// Whether to ask who is here. -> [`Seat`].
    SetAsking(Asking),
    /// Tells the drawer of the default printer to open. -> `bool`: whether there is one.
    KickDrawer,
}

impl HostCall {
    /// The right it needs on a device that asks who is there; `None`: none beside being there.
    pub const fn permission(&self) -> Option<Permission> {
        match self {
            Self::OpenDemo { .. }
            | Self::OpenOwn
            | Self::JoinServer(_)
            | Self::LeaveServer { .. }
            | Self::ExportUnsent { .. }
            | Self::Backup { .. } => Some(Permission::SettingsEdit),
            Self::SetAsking(_) => Some(Permission::SettingsEdit),
            Self::CheckImport { .. } | Self::RunImport { .. } | Self::RevertImport { .. } => Some(Permission::CatalogImport),
            Self::AddImage { .. } => Some(Permission::CatalogEdit),
            Self::ExportProducts { .. } | Self::GetPicture { .. } => Some(Permission::CatalogRead),
            Self::Verify => Some(Permission::LedgerRead),
            Self::SavePdf { .. } => Some(Permission::PrintingPrint),
            Self::TestPrinter { .. } | Self::ListSystemPrinters => Some(Permission::PrintingManage),
            Self::KickDrawer => Some(Permission::CounterDrawer),
            Self::GetStart
            | Self::Reopen
            | Self::GetSync
            | Self::SyncNow
            | Self::ListWaiting { .. }
            | Self::EnterAgain { .. }
            | Self::SetPreferences(_)
            | Self::PickFile(_)
            | Self::CancelTask
            | Self::GetSeat
            | Self::SignIn { .. }
            | Self::TakeSeat { .. }
            | Self::LockSeat
            | Self::GoToServer { .. }
            | Self::AskServer(_)
            | Self::SaveFromServer { .. }
            | Self::Approve { .. }
            | Self::KeepProof(_) => None,
        }
    }

    /// Whether it is answered while nobody is there: what shows the window, and what takes the lock away.
    pub const fn is_for_anybody(&self) -> bool {
        matches!(
            self,
            Self::GetStart
                | Self::Reopen
                | Self::GetSync
                | Self::SyncNow
                | Self::GetSeat
                | Self::SignIn { .. }
                | Self::TakeSeat { .. }
                | Self::LockSeat
        )
    }
}

/// A shop server to join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinServer {
    /// Where it is: `shop.example.com`, `192.168.1.5:7443`; plain `http://` only on this computer.
    pub address: String,
    /// The code it showed; behind it may stand the SHA-256 of its certificate.
    pub code: Secret,
    /// SHA-256 of its certificate, when a person has compared it.
    pub fingerprint: Option<String>,
}

words! {
    /// What an edit that is entered again takes for granted.
    Over {
        /// What it did before: it is refused again if that does not stand.
        Before = "before",
        /// What stands now: it goes over it.
        Theirs = "theirs",
    }
}

words! {
    /// What a till and its shop server are about.
    SyncPhase {
        /// The first rows are coming: there is nothing to sell yet.
        First = "first",
        /// Commands are on their way.
        Sending = "sending",
        /// Everything is sent, and what came is here.
        Synced = "synced",
        /// The server is not reached; this till works alone.
        Offline = "offline",
        /// The server does not take this till: a person is needed.
        Refused = "refused",
    }
}

/// How a till and its shop server stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncState {
    /// What they are about.
    pub phase: SyncPhase,
    /// The server's address.
    pub server: String,
    /// Commands that wait for the server's answer.
    pub waiting: i64,
    /// Sales among them.
    pub waiting_sales: i64,
    /// Since when the oldest waits.
    pub waiting_since: Option<Instant>,
    /// Commands sent since sending began.
    pub sent: i64,
    /// Commands to send then.
    pub to_send: i64,
    /// Rows that have come of what is coming now.
    pub rows: i64,
    /// How much of what is coming has come, per cent.
    pub percent: i64,
    /// When the server last answered.
    pub last_contact: Option<Instant>,
    /// When this copy was last known to be as the server.
    pub synced_at: Option<Instant>,
    /// The shop server's last backup on another machine.
    #[serde(default)]
    pub backup: ServerBackup,
    /// Why the server is not reached, or does not take this till.
    pub problem: Option<Reject>,
}

/// A shop server's last backup on another machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerBackup {
    /// The server has not said yet.
    #[default]
    Unknown,
    /// There is none.
    None,
    /// It was made then.
    At(Instant),
}

/// A command that waits for the server's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// It.
    pub id: CommandId,
    /// What it does: `counter.sell`.
    pub name: String,
    /// Number of its document.
    pub number: Option<String>,
    /// When it was entered.
    pub at: Instant,
}

/// Which file is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileWish {
    /// To open or to save.
    pub save: bool,
    /// Proposed name.
    pub name: String,
    /// Endings without the dot, with commas between: `csv`, `png,jpg`.
    pub extension: String,
}

/// What a product file holds, before anything is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportCheck {
    /// Rows in the file.
    pub rows: i64,
    /// Products that would be created.
    pub created: i64,
    /// Products that would change.
    pub changed: i64,
    /// Products that are as in the file.
    pub unchanged: i64,
    /// Categories that would be created.
    pub new_categories: Vec<String>,
    /// What is wrong, by row (1 is the header); at most 200 are told.
    pub errors: Vec<ImportError>,
    /// How many rows are wrong. Only a file without errors is imported.
    pub error_count: i64,
}

/// One wrong row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportError {
    /// Row in the file; the header is 1.
    pub row: i64,
    /// What is wrong.
    pub reject: Reject,
}

/// What the program tells its screens unasked (Tauri event `kontor`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostEvent {
    /// Something changed: screens that show it ask again.
    Changed(Vec<Event>),
    /// How this till and its shop server stand; `None`: there is no server any more.
    Sync(Option<SyncState>),
    /// Bytes that rows name have come.
    Arrived(BlobHash),
    /// A long task goes on.
    Progress {
        /// Which task.
        task: String,
        /// How far.
        done: i64,
        /// Of how many.
        total: i64,
    },
    /// Paper did not come out; the sale or the shift is saved.
    PrintFailed {
        /// The job: it waits, or was given up.
        job: PrintJob,
        /// What went wrong.
        problem: Reject,
    },
    /// Characters that no font or printer here has are replaced on a piece of paper.
    GlyphsMissing {
        /// Number of the document.
        number: String,
        /// Which, each once.
        characters: String,
    },
}
