//! One printer: how it is reached, its paper, its characters.

use kontor_domain::command::Command;
use kontor_domain::host::HostCall;
use kontor_domain::ids::{DeviceId, PrinterId};
use kontor_domain::printing::{self, PaperKind, Printer, PrinterKind};
use kontor_domain::reject::{Code, Reject};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::parts::{Button, CheckField, Form, FormError, Kind, SelectField, TextField, field_name};
use crate::state::app;
use crate::text::{Locale, key, locale, t, word};
use crate::{backend, ids};

const CHARSETS: &[&str] = &["big5", "gb18030", "raster"];

/// The fields as typed.
#[derive(Clone, Copy)]
struct Fields {
    name: RwSignal<String>,
    kind: RwSignal<String>,
    address: RwSignal<String>,
    paper: RwSignal<String>,
    charset: RwSignal<String>,
    has_drawer: RwSignal<bool>,
    is_default: RwSignal<bool>,
}

impl Fields {
    fn new(printer: &Printer) -> Self {
        Self {
            name: RwSignal::new(printer.name.clone()),
            kind: RwSignal::new(printer.kind.word().to_owned()),
            address: RwSignal::new(printer.address.clone()),
            paper: RwSignal::new(printer.paper.word().to_owned()),
            charset: RwSignal::new(printer.charset.clone()),
            has_drawer: RwSignal::new(printer.has_drawer),
            is_default: RwSignal::new(printer.is_default),
        }
    }

    fn kind(self) -> PrinterKind {
        let word = self.kind.get();
        PrinterKind::ALL.iter().copied().find(|kind| kind.word() == word).unwrap_or(PrinterKind::Network)
    }

    fn read(self, seen: &Printer) -> Result<Printer, Reject> {
        let paper = self.paper.get();
        let address = self.address.get().trim().to_owned();
        if address.is_empty() {
            return Err(Reject::field(Code::Format, "address"));
        }
        Ok(Printer {
            name: self.name.get().trim().to_owned(),
            kind: self.kind(),
            address,
            paper: PaperKind::ALL.iter().copied().find(|kind| kind.word() == paper).unwrap_or(PaperKind::Roll80),
            charset: self.charset.get(),
            has_drawer: self.has_drawer.get(),
            is_default: self.is_default.get(),
            ..seen.clone()
        })
    }
}

/// A printer that is not there yet.
fn blank(device_id: DeviceId, is_first: bool) -> Printer {
    let charset = if locale() == Locale::ZhHans { "gb18030" } else { "big5" };
    Printer {
        id: ids::new(PrinterId),
        device_id,
        name: String::new(),
        kind: PrinterKind::Network,
        address: String::new(),
        paper: PaperKind::Roll80,
        charset: charset.into(),
        has_drawer: false,
        is_default: is_first,
        active: true,
    }
}

fn address_label(kind: PrinterKind) -> String {
    t(match kind {
        PrinterKind::Network => key::SETTINGS_ADDRESS_NETWORK,
        PrinterKind::EscposFile => key::SETTINGS_ADDRESS_FILE,
        PrinterKind::PdfFolder => key::SETTINGS_ADDRESS_FOLDER,
        PrinterKind::System => key::SETTINGS_ADDRESS_SYSTEM,
    })
}

fn address_example(kind: PrinterKind) -> String {
    match kind {
        PrinterKind::Network => "192.168.1.50:9100",
        PrinterKind::EscposFile => "/dev/usb/lp0",
        PrinterKind::PdfFolder | PrinterKind::System => "",
    }
    .to_owned()
}

/// The form.
#[component]
pub(super) fn PrinterForm(printer: Option<Printer>, open: RwSignal<bool>) -> impl IntoView {
    let form = Form::new(&["name", "address", "paper", "charset"]);
    let is_old = printer.is_some();
    let (device, is_first) = app().session.with_untracked(|session| {
        session
            .as_ref()
            .map_or((DeviceId(uuid::Uuid::nil()), true), |session| (session.device.id, !session.printers.iter().any(|known| known.active)))
    });
    let printer = printer.unwrap_or_else(|| blank(device, is_first));
    let fields = Fields::new(&printer);
    let seen = StoredValue::new(printer);
    let send = move |active: bool| match untrack(|| seen.with_value(|seen| fields.read(seen))) {
        Ok(printer) => {
            let printer = Printer { active, is_default: printer.is_default && active, ..printer };
            form.send(backend::execute(Command::Printing(printing::Command::SetPrinter(printer))), move |_| open.set(false));
        }
        Err(reject) => form.refuse(reject),
    };
    let kinds: Vec<(String, String)> = PrinterKind::ALL.iter().map(|kind| (kind.word().to_owned(), word("printer-kind", kind.word()))).collect();
    let papers: Vec<(String, String)> = PaperKind::ALL.iter().map(|kind| (kind.word().to_owned(), word("paper-kind", kind.word()))).collect();
    let charsets: Vec<(String, String)> = CHARSETS.iter().map(|charset| ((*charset).to_owned(), word("charset", charset))).collect();
    let has_charset = Memo::new(move |_| matches!(fields.kind(), PrinterKind::Network | PrinterKind::EscposFile));
    view! {
        <div class="form">
            <TextField label=field_name("name") value=fields.name name="name" form=form autofocus=true max_length=200/>
            <SelectField label=field_name("kind") value=fields.kind options=kinds/>
            <Address fields=fields form=form/>
            <div class="cols">
                <SelectField label=field_name("paper") value=fields.paper options=papers name="paper" form=form/>
                <Show when=move || has_charset.get()>
                    <SelectField label=field_name("charset") value=fields.charset options=charsets.clone() name="charset" form=form/>
                </Show>
            </div>
            <CheckField label=t(key::SETTINGS_IS_DEFAULT) value=fields.is_default/>
            <CheckField label=t(key::SETTINGS_HAS_DRAWER) value=fields.has_drawer/>
            <FormError form=form/>
            <div class="foot">
                {is_old.then(|| view! { <Button label=t(key::COMMON_REMOVE) kind=Kind::Danger busy=form.busy press=move || send(false)/> })}
                <Button label=t(key::COMMON_CANCEL) press=move || open.set(false)/>
                <Button label=t(key::COMMON_SAVE) kind=Kind::Primary busy=form.busy press=move || send(true)/>
            </div>
        </div>
    }
}

/// Where it is: typed, or one of the system's.
#[component]
fn Address(fields: Fields, form: Form) -> impl IntoView {
    let known = RwSignal::new(Vec::<String>::new());
    spawn_local(async move {
        // Without a list the name can still be typed.
        if let Ok(printers) = backend::host::<Vec<String>>(HostCall::ListSystemPrinters).await {
            let _ = known.try_set(printers);
        }
    });
    let options = Signal::derive(move || {
        let none = (String::new(), t(key::SETTINGS_CHOOSE_PRINTER));
        let all = known.get().into_iter().map(|name| (name.clone(), name));
        std::iter::once(none).chain(all).collect::<Vec<_>>()
    });
    let from_list = Memo::new(move |_| fields.kind() == PrinterKind::System && !known.with(Vec::is_empty));
    move || {
        let label = Signal::derive(move || address_label(fields.kind()));
        if from_list.get() {
            view! { <SelectField label=label value=fields.address options=options name="address" form=form/> }.into_any()
        } else {
            let example = Signal::derive(move || address_example(fields.kind()));
            view! { <TextField label=label value=fields.address name="address" form=form placeholder=example max_length=400/> }.into_any()
        }
    }
}
