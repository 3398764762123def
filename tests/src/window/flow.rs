//! What is done in the window again and again, by keyboard.

use std::path::Path;

use anyhow::Context as _;
use kontor_domain::catalog::{GetProduct, ListTiles};
use kontor_domain::command::Command;
use kontor_domain::counter::{LastSale, SaleRow};
use kontor_domain::host::{Asking, HostCall, JoinServer, KeepProof, Proof, ProofKind, Seat, VerifyReport};
use kontor_domain::identity::{self, BuiltIn, CreatePerson};
use kontor_domain::ids::{PersonId, PrinterId, RoleId};
use kontor_domain::printing::{self, PaperKind, Printer, PrinterKind};
use kontor_domain::secret::Secret;
use kontor_domain::settings::{GetSession, Session};
use serde_json::json;

use super::Window;
use crate::books::agreed;
use crate::shop::id;

/// The parts of a screen, at its side.
const PARTS: &str = "nav.options .option";

fn pin(text: &str) -> Proof {
    Proof { kind: ProofKind::Pin, secret: Secret(text.into()) }
}

impl Window {
    /// From the first window into the demo shop.
    pub async fn try_demo(&self) -> anyhow::Result<()> {
        self.until_there(".first .way").await?;
        self.tab_to(".way:first-of-type").await?;
        self.press("Enter")?;
        self.until_counter().await
    }

    /// In the first window: address and code of a shop server are typed, up to the key that joins.
    pub async fn type_invitation(&self, invitation: &JoinServer) -> anyhow::Result<()> {
        self.click(".first .way:nth-of-type(3)").await?;
        self.until("the cursor", "document.activeElement?.name === 'address'").await?;
        self.type_text(&invitation.address)?;
        self.tab_to("input[name=code]").await?;
        self.type_text(&invitation.code.0)
    }

    /// Joins, compares the certificate if the server made its own, and waits for the first rows.
    pub async fn join_typed(&self, invitation: &JoinServer) -> anyhow::Result<()> {
        self.press("Enter")?;
        if let Some(fingerprint) = &invitation.fingerprint {
            self.until_there("dialog[open] .fingerprint").await?;
            let shown = self.text("dialog[open] .fingerprint").await?.replace(char::is_whitespace, "");
            anyhow::ensure!(shown == *fingerprint, "another certificate is shown: {shown}");
            self.click("dialog[open] .btn.primary").await?;
        }
        self.until_there(".app:not([aria-busy]) .counter").await
    }

    /// Where the shop server's door is shut: the password of whoever is here.
    pub async fn show_password(&self, password: &str) -> anyhow::Result<()> {
        self.tab_to(".main input[name=password]").await?;
        self.type_text(password)?;
        self.press("Enter")
    }

    /// Waits until the counter is ready: goods are on the shelf and the cursor is in the search.
    pub async fn until_counter(&self) -> anyhow::Result<()> {
        self.until("the counter", "document.querySelector('.counter .cart') && document.activeElement?.id === 'counter-search'").await
    }

    /// Barcodes of the first products on the shelf.
    pub async fn barcodes(&self, count: u32) -> anyhow::Result<Vec<String>> {
        let mut barcodes = Vec::new();
        for hit in self.ask(ListTiles { category_id: None, limit: count }).await? {
            let product = self.ask(GetProduct { id: hit.id }).await?.context("the product")?;
            barcodes.extend(product.draft.barcodes.into_iter().next().map(|barcode| barcode.barcode));
        }
        Ok(barcodes)
    }

    /// To a screen by its English name, through the box that finds everything.
    pub async fn go_to(&self, screen: &str) -> anyhow::Result<()> {
        self.press("Ctrl+K")?;
        self.until_there("dialog[open] input").await?;
        self.type_text(screen)?;
        let wanted = format!("[...document.querySelectorAll('dialog .option')].find((it) => it.innerText.trim() === '{screen}')");
        self.until(screen, &wanted).await?;
        // Goods and sales that fit come before it, when they are found.
        for _ in 0..20 {
            if self.value(&format!("{wanted}?.getAttribute('aria-selected')")).await? == "true" {
                break;
            }
            self.press("ArrowDown")?;
        }
        self.press("Enter")?;
        self.until(screen, &format!("!document.querySelector('dialog[open]') && document.querySelector('main[aria-label=\"{screen}\"]')")).await
    }

    /// How many parts the screen has that lists them at its side: settings, who may do what.
    pub async fn parts(&self) -> anyhow::Result<u64> {
        self.until_there(PARTS).await?;
        self.count(PARTS).await
    }

    /// Opens one of them, counted from 1.
    pub async fn open_part(&self, part: u64) -> anyhow::Result<()> {
        self.click(&format!("{PARTS}:nth-of-type({part})")).await?;
        self.until_there(&format!("{PARTS}:nth-of-type({part}).on")).await
    }

    /// Has the till ask who is there: its owner, who has this PIN, and a seller who is new and has the other.
    pub async fn ask_who_is_here(&self, owners_pin: &str, sellers_pin: &str) -> anyhow::Result<(PersonId, PersonId)> {
        let owner = self.session().await?.person.id;
        let seller = PersonId(id());
        let new: CreatePerson = serde_json::from_value(json!({ "id": seller, "name": "Aaron", "role_id": RoleId::of(BuiltIn::Seller) }))?;
        self.execute(Command::Identity(identity::Command::CreatePerson(new))).await?;
        let keep = |person_id, current, new| HostCall::KeepProof(KeepProof { person_id, current, new });
        self.host::<Seat>(&keep(owner, None, pin(owners_pin))).await?;
        self.host::<Seat>(&keep(seller, Some(pin(owners_pin)), pin(sellers_pin))).await?;
        self.host::<Seat>(&HostCall::SetAsking(Asking::Everybody)).await?;
        Ok((owner, seller))
    }

    /// Types into the field of this name, which is walked to, over what stands there.
    pub async fn type_into(&self, name: &str, text: &str) -> anyhow::Result<()> {
        self.tab_to(&format!("[name={name}]")).await?;
        self.press("Ctrl+A")?;
        self.type_text(text)
    }

    /// In the group of this label: the choice with these words, by the arrow keys.
    pub async fn choose(&self, group: &str, choice: &str) -> anyhow::Result<()> {
        let on = format!("document.querySelector('[role=radiogroup][aria-label={}] [aria-checked=true]')", json!(group));
        self.tab_until(&format!("document.activeElement === {on}")).await?;
        let is_chosen = format!("{on}?.innerText.trim() === {}", json!(choice));
        for key in ["ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowRight", "ArrowRight"] {
            if self.value(&is_chosen).await? == true {
                break;
            }
            self.press(key)?;
        }
        self.until(choice, &is_chosen).await
    }

    /// Types a PIN where the cursor is, and goes on.
    pub async fn type_pin(&self, pin: &str) -> anyhow::Result<()> {
        self.until("a field for it", "document.activeElement?.type === 'password'").await?;
        self.type_text(pin)?;
        self.until("it is typed", &format!("document.activeElement?.value.length === {}", pin.len())).await?;
        self.press("Enter")
    }

    /// Takes so many percent off the line that was scanned last.
    pub async fn give_discount(&self, percent: &str) -> anyhow::Result<()> {
        self.press("F3")?;
        self.until_there(".sheet").await?;
        self.type_text(percent)?;
        self.press("Enter")?;
        self.until_gone(".sheet").await
    }

    /// Gives this device a printer that is a file; the page hears of it.
    pub async fn print_into(&self, file: &Path, has_drawer: bool) -> anyhow::Result<()> {
        let printer = Printer {
            id: PrinterId(id()),
            device_id: self.session().await?.device.id,
            name: "Counter".into(),
            kind: PrinterKind::EscposFile,
            address: file.display().to_string(),
            paper: PaperKind::Roll80,
            charset: "big5".into(),
            has_drawer,
            is_default: true,
            active: true,
        };
        self.execute(Command::Printing(printing::Command::SetPrinter(printer))).await?;
        self.until_counter().await
    }

    /// The lines of the cart as they are seen, the newest first: how many, and of what.
    pub async fn lines(&self) -> anyhow::Result<Vec<(String, String)>> {
        const SEEN: &str = "[...document.querySelectorAll('.cart .lines li')]
            .map((it) => [it.querySelector('.q').innerText.trim(), it.querySelector('.strong').innerText.trim()])";
        Ok(serde_json::from_value(self.value(SEEN).await?)?)
    }

    /// How many lines the cart has.
    pub async fn cart_lines(&self) -> anyhow::Result<u64> {
        self.count(".cart .lines li").await
    }

    /// Waits until the cart has so many lines.
    pub async fn until_lines(&self, count: usize) -> anyhow::Result<()> {
        self.until("the lines", &format!("document.querySelectorAll('.cart .lines li').length === {count}")).await
    }

    /// Takes a part of the open sale by card.
    pub async fn take_part_by_card(&self, amount: &str) -> anyhow::Result<()> {
        self.press("F9")?;
        self.until_focus("#sheet-amount").await?;
        self.press("Alt+2")?;
        self.type_text(amount)?;
        self.press("Enter")?;
        self.until_there(".sheet.pay .taken .chip").await
    }

    /// Takes exact cash and waits until the sale is said to be saved; its number and total as the window shows them.
    pub async fn sell_for_exact_cash(&self) -> anyhow::Result<String> {
        self.press("F10")?;
        self.until_saved().await
    }

    /// Waits until a sale is said to be saved; its number and total as the window shows them.
    pub async fn until_saved(&self) -> anyhow::Result<String> {
        self.until_there(".cart .done:not(.quiet)").await?;
        self.text(".cart .done:not(.quiet) h2 + p").await
    }

    /// Who sells where.
    pub async fn session(&self) -> anyhow::Result<Session> {
        self.ask(GetSession {}).await?.context("a shop is open")
    }

    /// The last sale of this till.
    pub async fn last_sale(&self) -> anyhow::Result<SaleRow> {
        let till = self.session().await?.till.context("the till")?;
        self.ask(LastSale { till_id: till.id }).await?.context("a sale")
    }

    /// Recomputes everything; an error names the first difference.
    pub async fn verify(&self) -> anyhow::Result<VerifyReport> {
        agreed(self.host(&HostCall::Verify).await?)
    }

    /// The page had nothing to complain about.
    pub async fn no_errors(&self) -> anyhow::Result<()> {
        let errors = self.errors().await?;
        anyhow::ensure!(errors.is_empty(), "{errors:?}");
        Ok(())
    }
}
