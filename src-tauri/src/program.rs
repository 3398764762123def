//! The running program: which shop is open, and the answers to what screens ask of their host.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use kontor_documents::Fonts;
use kontor_documents::products::CheckedProducts;
use kontor_domain::command::{Command, Event, Query, Request};
use kontor_domain::host::{FileWish, HostCall, HostEvent, Preferences, ShopFile, Start, SyncState};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::zone;
use kontor_store::closed_file;
use kontor_store::sqlite::{self, Synchronous};
use kontor_sync::authority::Done;
use serde::Serialize;
use tokio::sync::{Notify, RwLock, oneshot};

use crate::seat::{Seats, at_server};
use crate::shop::{Listener, Shop};
use crate::sync::connection::Connection;
use crate::sync::{self, Syncing};
use crate::{demo, images, import, joined, platform, preferences, printing, seat};

/// The shop that is alone on this computer.
const OWN_FILE: &str = "shop.kontor";
/// The demo shop.
const DEMO_FILE: &str = "demo.kontor";

/// How a program starts.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Folder of the shop's file, preferences and logs.
    pub folder: PathBuf,
    /// Commits do not wait for the disk: for the proof that the power-cut test can fail.
    pub synchronous_off: bool,
}

/// Shows the system's file dialog.
pub trait Picker: Send + Sync {
    /// The file a person chose.
    fn pick(&self, wish: &FileWish) -> Option<String>;
}

/// The running program.
pub struct Program {
    setup: Setup,
    shop: RwLock<Result<Arc<Shop>, Reject>>,
    preferences: Mutex<Preferences>,
    listeners: Mutex<Vec<Listener>>,
    picker: OnceLock<Box<dyn Picker>>,
    /// Fonts for paper, found at first use.
    fonts: OnceLock<Arc<Fonts>>,
    /// The product file that was checked last.
    pub(crate) checked: Mutex<Option<CheckedProducts>>,
    cancel: AtomicBool,
    /// Paper waits.
    pub(crate) paper: Notify,
    /// While a till's copy is open.
    pub(crate) syncing: Mutex<Option<Syncing>>,
    /// Who joins a shop server holds it.
    pub(crate) joining: tokio::sync::Mutex<()>,
    /// Who is here.
    pub(crate) seats: Seats,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("setup", &self.setup).finish_non_exhaustive()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn json(answer: &impl Serialize) -> Result<String, Reject> {
    serde_json::to_string(answer).map_err(internal)
}

/// Something that is nobody's mistake: told with words for the log.
pub(crate) fn internal(error: impl std::fmt::Display) -> Reject {
    Reject::new(Code::Internal).with("reference", error)
}

impl Program {
    /// Starts: opens the shop that was open last. A file that cannot be opened is told by [`HostCall::GetStart`].
    pub async fn start(setup: Setup) -> Arc<Self> {
        let preferences = preferences::load(&setup.folder);
        let has_demo = setup.folder.join(DEMO_FILE).exists();
        let file = if preferences.last_shop.as_deref() == Some(word(ShopFile::Demo)) && has_demo { ShopFile::Demo } else { ShopFile::Own };
        let shop = open(&setup, file).await;
        if shop.is_ok() {
            // The folder is this program's alone.
            sync::remove_half_files(&setup.folder);
        }
        let program = Arc::new(Self {
            setup,
            shop: RwLock::new(shop),
            preferences: Mutex::new(preferences),
            listeners: Mutex::new(Vec::new()),
            picker: OnceLock::new(),
            fonts: OnceLock::new(),
            checked: Mutex::new(None),
            cancel: AtomicBool::new(false),
            paper: Notify::new(),
            syncing: Mutex::new(None),
            joining: tokio::sync::Mutex::default(),
            seats: Seats::default(),
        });
        printing::start(&program);
        program.start_sync().await;
        program
    }

    /// Who hears events.
    pub fn listen(&self, listener: Listener) {
        lock(&self.listeners).push(listener);
    }

    /// How files are chosen.
    pub fn set_picker(&self, picker: Box<dyn Picker>) {
        if self.picker.set(picker).is_err() {
            tracing::warn!("a picker is set already");
        }
    }

    /// Tells screens.
    pub(crate) fn tell(&self, event: HostEvent) {
        for listener in lock(&self.listeners).iter() {
            listener(event.clone());
        }
    }

    pub(crate) fn progress(&self, task: &str, done: i64, total: i64) {
        self.tell(HostEvent::Progress { task: task.to_owned(), done, total });
    }

    /// Tells the progress of a task.
    fn teller(self: &Arc<Self>, task: &'static str) -> Box<dyn Fn(i64, i64) + Send + Sync> {
        let program = Arc::clone(self);
        Box::new(move |done, total| program.progress(task, done, total))
    }

    /// Whether the running long task shall stop.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// The open shop, or why there is none.
    pub async fn shop(&self) -> Result<Arc<Shop>, Reject> {
        self.shop.read().await.clone()
    }

    pub(crate) fn fonts(&self) -> Arc<Fonts> {
        Arc::clone(self.fonts.get_or_init(|| Arc::new(Fonts::find(&platform::font_folders()))))
    }

    /// Gives the fonts' memory back until the next paper.
    pub(crate) fn release_fonts(&self) {
        if let Some(fonts) = self.fonts.get() {
            fonts.release();
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.setup.folder
    }

    /// Closes the shop after all that was sent is written.
    pub async fn close(&self) {
        lock(&self.syncing).take();
        let mut shop = self.shop.write().await;
        if let Ok(open) = shop.as_ref() {
            open.close().await;
        }
        *shop = Err(internal("closed"));
    }

    /// Executes a screen's command; JSON of its receipt when it is on the disk.
    pub async fn execute(&self, request: Request) -> Result<String, Reject> {
        let pending = self.begin_execute(request).await;
        self.finish_execute(pending).await
    }

    /// Hands a command to the writer, or has it ready for the shop server. Commands begun after each other are executed in that order.
    pub async fn begin_execute(&self, mut request: Request) -> Result<Begun, Reject> {
        let shop = self.shop().await?;
        seat::check_unlocked(&shop)?;
        self.seats.approvals.check(&request.command, platform::now())?;
        if at_server::takes(&shop, &request.command) {
            return Ok(Begun::AtServer { shop, request: Box::new(request) });
        }
        sync::older::complete(self, &shop, &mut request.command).await?;
        let is_settings = matches!(request.command, Command::Settings(_));
        let answer = shop.send(request.id, request.command, platform::now())?;
        Ok(Begun::Here { shop, answer, is_settings })
    }

    /// Waits for the verdict and tells screens what happened.
    pub async fn finish_execute(&self, begun: Result<Begun, Reject>) -> Result<String, Reject> {
        let (shop, answer, is_settings) = match begun? {
            Begun::AtServer { shop, request } => return at_server::execute(self, &shop, &request).await,
            Begun::Here { shop, answer, is_settings } => (shop, answer, is_settings),
        };
        let done = answer.await.map_err(internal)??;
        if is_settings {
            shop.learn_zone().await.map_err(|error| error.reject())?;
        }
        self.told(&done);
        json(&done.receipt)
    }

    /// Tells screens, and the print loop, what a command did.
    pub(crate) fn told(&self, done: &Done) {
        let events = &done.outcome.events;
        if events.iter().any(|event| matches!(event, Event::SaleMade | Event::PrintingChanged)) {
            self.paper.notify_one();
        }
        if !events.is_empty() {
            self.tell(HostEvent::Changed(events.clone()));
        }
    }

    /// Answers a question with JSON.
    pub async fn query(&self, query: &Query) -> Result<String, Reject> {
        let shop = self.shop().await?;
        seat::check_unlocked(&shop)?;
        match at_server::answer(self, &shop, query).await {
            Some(answer) => answer,
            None => sync::older::answer(self, &shop, query).await,
        }
    }

    /// Answers what screens ask of their host with JSON.
    pub async fn host(self: &Arc<Self>, call: HostCall) -> Result<String, Reject> {
        seat::check(self, &call).await?;
        match call {
            HostCall::GetStart => json(&self.start_view().await),
            HostCall::Reopen => self.open_file(None).await,
            HostCall::OpenOwn => self.open_file(Some(ShopFile::Own)).await,
            HostCall::OpenDemo { locale } => {
                self.make_demo(&locale).await?;
                self.open_file(Some(ShopFile::Demo)).await
            }
            HostCall::JoinServer(wish) => joined::join(self, wish).await,
            HostCall::LeaveServer { sealed_path } => joined::leave(self, sealed_path.as_deref().map(Path::new)).await,
            HostCall::GetSync => json(&self.sync_state()),
            HostCall::SyncNow => json(&self.sync_now()),
            HostCall::ListWaiting { limit } => json(&self.shop().await?.reader().waiting(limit).await.map_err(|error| error.reject())?),
            HostCall::ExportUnsent { path } => json(&joined::export(self, Path::new(&path)).await?),
            HostCall::EnterAgain { command_id, over } => json(&joined::enter_again(self, command_id, over).await?),
            HostCall::GetSeat => json(&seat::get(self).await?),
            HostCall::SignIn { username, password } => json(&seat::sign_in(self, &username, password).await?),
            HostCall::TakeSeat { person_id, proof } => json(&seat::take_seat(self, person_id, proof).await?),
            HostCall::LockSeat => json(&seat::lock_seat(self).await?),
            HostCall::GoToServer { password } => json(&at_server::go(self, password).await?),
            HostCall::AskServer(wish) => at_server::ask(self, wish).await,
            HostCall::SaveFromServer { path, to } => json(&at_server::save(self, path, to).await?),
            HostCall::Approve { person_id, proof, command } => json(&seat::approve(self, person_id, proof, *command).await?),
            HostCall::KeepProof(wish) => json(&seat::keep_proof(self, wish).await?),
            HostCall::SetAsking(asking) => json(&seat::set_asking(self, asking).await?),
            HostCall::SetPreferences(wanted) => {
                let before = lock(&self.preferences).lock_after_minutes;
                seat::check_preferences(self, before, wanted.lock_after_minutes).await?;
                self.set_preferences(wanted)
            }
            HostCall::PickFile(wish) => self.pick_file(wish).await,
            HostCall::AddImage { product_id, path } => json(&images::add(self, product_id, PathBuf::from(path)).await?),
            HostCall::GetPicture { sha256 } => json(&images::address(self, sha256).await?),
            HostCall::CheckImport { path } => {
                self.begin_task();
                json(&import::check(self, Path::new(&path)).await?)
            }
            HostCall::RunImport { batch_id } => {
                self.begin_task();
                json(&import::run(self, batch_id).await?)
            }
            HostCall::RevertImport { batch_id } => {
                self.begin_task();
                json(&import::revert(self, batch_id).await?)
            }
            HostCall::ExportProducts { path } => {
                self.begin_task();
                json(&import::export(self, Path::new(&path)).await?)
            }
            HostCall::CancelTask => {
                self.cancel.store(true, Ordering::Relaxed);
                json(&())
            }
            HostCall::Verify => self.verify().await,
            HostCall::Backup { path } => self.backup(path).await,
            HostCall::SavePdf { document, document_id, path } => json(&printing::save_pdf(self, document, document_id, path).await?),
            HostCall::TestPrinter { printer_id } => json(&printing::test(self, printer_id).await?),
            HostCall::ListSystemPrinters => json(&platform::system_printers().await),
            HostCall::KickDrawer => json(&printing::kick_drawer(self).await?),
        }
    }

    pub(crate) fn begin_task(&self) {
        self.cancel.store(false, Ordering::Relaxed);
    }

    pub(crate) async fn start_view(&self) -> Start {
        let preferences = lock(&self.preferences).clone();
        let shop = self.shop().await;
        let now = platform::now();
        let zone = platform::time_zone();
        let mut start = Start {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            preferences,
            system_locale: platform::locale(),
            today: zone::today(zone::of(&zone), now),
            time_zone: zone,
            now,
            has_company: false,
            has_own_shop: false,
            file: ShopFile::Own,
            path: self.setup.folder.join(OWN_FILE).display().to_string(),
            company: kontor_domain::ids::CompanyId(uuid::Uuid::nil()),
            device: kontor_domain::ids::DeviceId(uuid::Uuid::nil()),
            person: kontor_domain::ids::PersonId(uuid::Uuid::nil()),
            problem: None,
            warning: None,
        };
        match shop {
            Err(problem) => start.problem = Some(problem),
            Ok(shop) => self.fill_start(&mut start, &shop).await,
        }
        start
    }

    async fn fill_start(&self, start: &mut Start, shop: &Shop) {
        start.file = shop.file;
        start.path = shop.path().display().to_string();
        start.company = shop.installation.company;
        start.device = shop.installation.device;
        start.person = shop.installation.person;
        match shop.reader().company(&shop.asker()).await {
            Ok(company) => start.has_company = company.is_some(),
            Err(error) => start.problem = Some(error.reject()),
        }
        start.has_own_shop = match shop.file {
            ShopFile::Own | ShopFile::Joined => start.has_company,
            // A till's copy is there even before its first rows.
            ShopFile::Demo => {
                // One that cannot be read is there, too: opened, it says what is wrong with it.
                !matches!(Connection::load(&self.setup.folder), Ok(None)) || closed_file::has_company(&self.own_path()).unwrap_or(true)
            }
        };
        start.warning = shop.clock_warning().await;
    }

    /// Opens a file (the same again: `None`) and answers as [`HostCall::GetStart`].
    pub(crate) async fn open_file(self: &Arc<Self>, file: Option<ShopFile>) -> Result<String, Reject> {
        {
            let mut shop = self.shop.write().await;
            let file = file.unwrap_or_else(|| match shop.as_ref() {
                Ok(open) => open.file,
                Err(_) if lock(&self.preferences).last_shop.as_deref() == Some(word(ShopFile::Demo)) => ShopFile::Demo,
                Err(_) => ShopFile::Own,
            });
            self.close_for_another(&mut shop).await;
            self.open_into(&mut shop, file).await?;
        }
        self.start_sync().await;
        self.paper.notify_one();
        json(&self.start_view().await)
    }

    /// Closes what is open while nobody else can use it.
    pub(crate) async fn close_for_another(&self, shop: &mut Result<Arc<Shop>, Reject>) {
        lock(&self.syncing).take();
        self.seats.at_server.leave();
        if let Ok(open) = shop.as_ref() {
            open.close().await;
        }
    }

    /// Opens a file in place of the one that was closed.
    pub(crate) async fn open_into(&self, shop: &mut Result<Arc<Shop>, Reject>, file: ShopFile) -> Result<(), Reject> {
        *shop = open(&self.setup, file).await;
        let mut preferences = lock(&self.preferences);
        preferences.last_shop = Some(word(file).to_owned());
        self.keep(&preferences)
    }

    /// The open shop, for who closes it.
    pub(crate) async fn shop_alone(&self) -> tokio::sync::RwLockWriteGuard<'_, Result<Arc<Shop>, Reject>> {
        self.shop.write().await
    }

    /// Where the shop is that is alone on this computer.
    pub(crate) fn own_path(&self) -> PathBuf {
        self.setup.folder.join(OWN_FILE)
    }

    /// Starts to agree with the shop server, if the open file is a till's copy.
    pub(crate) async fn start_sync(self: &Arc<Self>) {
        // Held until it is kept: another file opened meanwhile would be left with the sync of this one.
        let open = self.shop.read().await;
        let Ok(shop) = open.as_ref() else { return };
        if shop.file != ShopFile::Joined {
            self.tell(HostEvent::Sync(None));
            return;
        }
        let Ok(Some(connection)) = Connection::load(&self.setup.folder) else { return };
        match Syncing::start(self, shop, connection).await {
            Ok(syncing) => {
                self.tell(HostEvent::Sync(Some(syncing.state())));
                *lock(&self.syncing) = Some(syncing);
            }
            // The file told every question so: the window says it.
            Err(reject) => tracing::error!(%reject, "sync"),
        }
    }

    /// Which shop server this till is agreeing with.
    pub(crate) fn connection(&self) -> Option<Connection> {
        lock(&self.syncing).as_ref().map(|syncing| syncing.connection().clone())
    }

    fn sync_state(&self) -> Option<SyncState> {
        lock(&self.syncing).as_ref().map(Syncing::state)
    }

    /// Tries the shop server at once.
    pub(crate) fn sync_now(&self) {
        if let Some(syncing) = lock(&self.syncing).as_ref() {
            syncing.wake();
        }
    }

    /// Makes the demo shop if there is none: in a file of another name first, so that half a demo is never opened.
    async fn make_demo(self: &Arc<Self>, locale: &str) -> Result<(), Reject> {
        let path = self.setup.folder.join(DEMO_FILE);
        if closed_file::has_company(&path).map_err(|error| error.reject())? {
            return Ok(());
        }
        let making = self.setup.folder.join("demo.making.kontor");
        closed_file::remove(&making).map_err(|error| error.reject())?;
        let shop = Shop::open(&making, ShopFile::Demo, Synchronous::Off).await.map_err(|error| error.reject())?;
        let made = demo::fill(&shop, locale, &*self.teller("demo")).await;
        shop.close().await;
        made?;
        closed_file::remove(&path).map_err(|error| error.reject())?;
        closed_file::rename(&making, &path).map_err(|error| error.reject())
    }

    fn keep(&self, wanted: &Preferences) -> Result<(), Reject> {
        preferences::save(&self.setup.folder, wanted).map_err(|error| {
            tracing::warn!(%error, "preferences");
            Reject::new(Code::ReadOnly).with("path", self.setup.folder.display())
        })
    }

    fn set_preferences(&self, wanted: Preferences) -> Result<String, Reject> {
        let mut preferences = lock(&self.preferences);
        let last_shop = preferences.last_shop.clone();
        *preferences = Preferences { last_shop, ..wanted };
        self.keep(&preferences)?;
        json(&())
    }

    async fn pick_file(self: &Arc<Self>, wish: FileWish) -> Result<String, Reject> {
        let program = Arc::clone(self);
        // The dialog blocks its thread for as long as a person looks at it.
        let chosen = tokio::task::spawn_blocking(move || program.picker.get().and_then(|picker| picker.pick(&wish))).await;
        json(&chosen.map_err(internal)?)
    }

    async fn verify(self: &Arc<Self>) -> Result<String, Reject> {
        let shop = self.shop().await?;
        let report = shop.reader().verify(&shop.asker(), &*self.teller("verify")).await;
        json(&report.map_err(|error| error.reject())?)
    }

    async fn backup(self: &Arc<Self>, path: String) -> Result<String, Reject> {
        let shop = self.shop().await?;
        let (to, teller) = (path.clone(), self.teller("backup"));
        let done = tokio::task::spawn_blocking(move || sqlite::backup_with_progress(shop.path(), Path::new(&to), teller)).await.map_err(internal)?;
        done.map_err(|error| error.reject())?;
        json(&path)
    }
}

/// A command on its way.
#[derive(Debug)]
pub enum Begun {
    /// The writer has it.
    Here {
        /// The open shop.
        shop: Arc<Shop>,
        /// Its verdict.
        answer: oneshot::Receiver<Result<Done, Reject>>,
        /// Whether the shop's own data may be others afterwards.
        is_settings: bool,
    },
    /// It is the shop server's to execute.
    AtServer {
        /// The open shop.
        shop: Arc<Shop>,
        /// It.
        request: Box<Request>,
    },
}

const fn word(file: ShopFile) -> &'static str {
    match file {
        ShopFile::Own | ShopFile::Joined => "shop",
        ShopFile::Demo => "demo",
    }
}

async fn open(setup: &Setup, file: ShopFile) -> Result<Arc<Shop>, Reject> {
    if let Err(error) = std::fs::create_dir_all(&setup.folder) {
        tracing::error!(%error, "data folder");
        return Err(Reject::new(Code::ReadOnly).with("path", setup.folder.display()));
    }
    let synchronous = if setup.synchronous_off { Synchronous::Off } else { Synchronous::Full };
    let (path, file) = match file {
        ShopFile::Demo => (setup.folder.join(DEMO_FILE), file),
        // The person's own shop is at the shop server if this till has joined one.
        ShopFile::Own | ShopFile::Joined => match Connection::load(&setup.folder)? {
            Some(mut connection) => {
                let path = connection.ensure_copy(&setup.folder).await?;
                if let Err(error) = sync::put_moved_aside(&setup.folder.join(OWN_FILE), connection.company) {
                    // The till sells on; the keepsake keeps its name until the next start.
                    tracing::warn!(%error, "a moved shop's file");
                }
                (path, ShopFile::Joined)
            }
            None => (setup.folder.join(OWN_FILE), ShopFile::Own),
        },
    };
    match Shop::open(&path, file, synchronous).await {
        Ok(shop) => {
            seat::settle(&setup.folder, &shop);
            Ok(Arc::new(shop))
        }
        Err(error) => {
            tracing::error!(%error, "open");
            Err(error.reject())
        }
    }
}
