//! What the window shows of a shop server: the products coming, and what its administrator has to see to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use kontor_domain::host::JoinServer;
use kontor_tests::proxy::{Bend, Proxy};
use kontor_tests::server::Server;
use kontor_tests::till::Till;
use kontor_tests::window::Look;
use kontor_tests::window::place::Place;

const BAR: &str = "document.querySelector('.joinform [role=progressbar]')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_sees_the_products_come_may_stop_and_is_told_of_what_needs_an_administrator() -> anyhow::Result<()> {
    let place = Place::new(Look::new("en", "light"))?;
    let mut server = Server::plain(&place.folder.path().join("server"))?;
    server.found().await?;
    server.start().await?;
    let mut first = Till::join(&place.folder.path().join("first"), server.invite(Some(1)).await?).await?;
    let founded = first.ready(20).await?;
    first.until_synced().await?;
    let proxy = Proxy::start(server.listen().to_owned(), 1).await?;
    proxy.bend(Bend::HoldFile);
    let invitation = async || anyhow::Ok(JoinServer { address: proxy.address().to_owned(), ..server.invite(None).await? });

    let window = place.desk.open().await?;
    window.type_invitation(&invitation().await?).await?;
    window.press("Enter")?;
    window.until("half of it is there", &format!("(it => it > 0 && it < 100)(Number({BAR}?.getAttribute('aria-valuenow')))")).await?;
    window.until("bytes of all bytes", &format!("/[0-9.]+ of [0-9.]+ MB/.test({BAR}?.parentElement.innerText)")).await?;
    window.press_button("Stop").await?;
    window.until_text("Nothing was changed on this computer").await?;
    window.until("the bar is gone", &format!("!{BAR}")).await?;
    // The address is still there; only the code is another one.
    proxy.bend(Bend::None);
    window.tab_to("input[name=code]").await?;
    let invitation = invitation().await?;
    window.type_text(&invitation.code.0)?;
    window.join_typed(&invitation).await?;

    window.click(".top .chip.sync").await?;
    window.until_text("no backup on another machine").await?;
    server.run(&["revoke", "--till", "1"]).await?;
    first.sell(&founded, &[0]).await?;
    window.until_text("needs attention").await?;
    window.click(".top .chip.sync").await?;
    window.press_button("Open").await?;
    window.until_text("not carried out: 1.").await?;
    window.no_errors().await?;
    window.close().await
}
