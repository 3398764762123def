//! A forgotten password: a letter that survives a restart and a server that is busy, and a link that is good once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::time::Duration;

use anyhow::{Context as _, Result};
use kontor_domain::identity::BuiltIn;
use kontor_domain::ids::RoleId;
use kontor_server::config::{Mail, Transport};
use kontor_sync::enrol::Secret;
use reqwest::StatusCode;
use serde_json::json;
use support::{Api, Place, body, link_token, written_letter};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const PASSWORD: &str = "a long enough password";
/// Nothing takes so long; it only keeps a broken test from waiting for ever.
const WAIT_LIMIT: Duration = Duration::from_secs(120);

/// A mail server that turns the first letters away for now and gives out the others.
async fn serve(listener: TcpListener, busy_times: usize, letters: mpsc::Sender<String>) -> Result<()> {
    for count in 0.. {
        let (stream, _) = listener.accept().await?;
        converse(stream, count < busy_times, &letters).await?;
    }
    Ok(())
}

async fn converse(stream: TcpStream, is_busy: bool, letters: &mpsc::Sender<String>) -> Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 here\r\n").await?;
    let mut letter: Option<String> = None;
    while let Some(line) = lines.next_line().await? {
        let said: &[u8] = match &mut letter {
            Some(text) if line == "." => {
                letters.send(std::mem::take(text)).await?;
                letter = None;
                b"250 taken\r\n"
            }
            Some(text) => {
                text.push_str(&line);
                text.push('\n');
                continue;
            }
            None if line.starts_with("EHLO") => b"250 here\r\n",
            None if line.starts_with("MAIL") && is_busy => b"451 later\r\n",
            None if line.starts_with("DATA") => {
                letter = Some(String::new());
                b"354 go on\r\n"
            }
            None if line.starts_with("QUIT") => {
                writer.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            None => b"250 ok\r\n",
        };
        writer.write_all(said).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_password_is_set_anew_by_a_letter_once() -> Result<()> {
    let mut place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    let mail = |port: u16| {
        let smtp_url = Secret(format!("smtp://127.0.0.1:{port}"));
        Some(Mail { smtp_url, from: "Kontor <kontor@example.com>".into(), public_url: "https://shop.example.com/".into() })
    };
    // At first nobody is there who takes letters.
    let nobody = TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?.port();
    place.settings.mail = mail(nobody);
    place.settings.trusted_proxies = vec!["127.0.0.0/8".parse()?];
    let running = place.start().await?;
    let company = running.host().access.companies().await?[0];
    place.hire(&running, company, "lin", RoleId::of(BuiltIn::Seller), PASSWORD).await?;
    let api = Api::plain(&running)?;
    let before = api.token("HS", "lin", PASSWORD).await?;
    let forgot = async |name: &str| {
        let response = api.call("POST", "/api/v1/auth/forgot-password", None, Some(json!({ "username": name }))).await?;
        Ok::<_, anyhow::Error>((response.status(), response.text().await?))
    };
    let (known, unknown) = (forgot("lin@example.com").await?, forgot("nobody@example.com").await?);
    assert_eq!(known, unknown);
    assert_eq!(known, (StatusCode::ACCEPTED, String::new()));
    // It is written down before it is sent: a server that stops keeps it. What was taken to be sent is sent later, by
    // whoever comes when the time is over; so is this one, put back for now.
    let access = &running.host().access;
    let far = kontor_domain::time::Instant(i64::MAX / 2);
    let letter = written_letter(access).await?;
    running.stop().await?;
    let (sender, mut letters) = mpsc::channel(8);
    let server = tokio::spawn(serve(listener, 2, sender));
    place.settings.mail = mail(port);
    let access = kontor_server::admin::open(&place.settings).await?;
    access.put_letter_back(letter.id, kontor_domain::time::Instant(0)).await?;
    access.close().await;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let letter = tokio::time::timeout(WAIT_LIMIT, letters.recv()).await?.context("no letter")?;
    assert!(letter.contains("To: lin@example.com") && letter.contains("From: Kontor <kontor@example.com>"), "{letter}");
    let token = link_token(&letter).with_context(|| letter.clone())?;
    // Somebody else's letter opens nothing, a password that is too short uses nothing up, and the link is good once.
    let reset = async |token: &str, password: &str| {
        api.call("POST", "/api/v1/auth/reset-password", None, Some(json!({ "token": token, "new_password": password }))).await
    };
    let other = format!("{}{}", &token[..token.len() - 1], if token.ends_with('0') { '1' } else { '0' });
    assert_eq!(body(reset(&other, "a new long password").await?, StatusCode::UNAUTHORIZED).await?["code"], 11_002);
    body(reset(&token, "short").await?, StatusCode::BAD_REQUEST).await?;
    // Nor is a link good from where nobody may come.
    let owner = api.token("HS", "mei", PASSWORD).await?;
    let rule = json!({ "kind": "deny", "network": "203.0.113.0/24" });
    body(api.call("POST", "/api/v1/ip-rules", Some(&owner), Some(rule)).await?, StatusCode::CREATED).await?;
    let wish = json!({ "token": token, "new_password": "a new long password" }).to_string();
    let from_there = api.client.post(format!("{}/api/v1/auth/reset-password", api.base)).header("x-forwarded-for", "203.0.113.7");
    let answer = from_there.header("content-type", "application/json").body(wish).send().await?;
    assert_eq!(body(answer, StatusCode::FORBIDDEN).await?["code"], 12_002);
    body(reset(&token, "a new long password").await?, StatusCode::NO_CONTENT).await?;
    body(reset(&token, "another new password").await?, StatusCode::UNAUTHORIZED).await?;
    body(api.call("GET", "/api/v1/auth/me", Some(&before), None).await?, StatusCode::UNAUTHORIZED).await?;
    assert!(api.token("HS", "lin", PASSWORD).await.is_err());
    api.token("HS", "lin", "a new long password").await?;
    assert!(running.host().access.take_letter(far, far).await?.is_none(), "what was sent is gone");
    running.stop().await?;
    server.abort();
    Ok(())
}

/// A letter that somebody took and did not send, because the machine went down, is taken by another when its time is over.
#[tokio::test]
async fn a_letter_that_was_taken_by_who_then_crashed_is_sent_by_another() -> Result<()> {
    let mut place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let nobody = TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?.port();
    let mail = |port: u16| Mail {
        smtp_url: Secret(format!("smtp://127.0.0.1:{port}")),
        from: "k@example.com".into(),
        public_url: "https://shop.example.com".into(),
    };
    place.settings.mail = Some(mail(nobody));
    let running = place.start().await?;
    let company = running.host().access.companies().await?[0];
    let person = running.host().access.owner(company).await?.unwrap();
    let now = kontor_server::host::now();
    let (far, soon) = (kontor_domain::time::Instant(now.0 + 3_600_000), kontor_domain::time::Instant(now.0 + 7_200_000));
    let (_, id, secret_hash) = kontor_server::secrets::new_token(kontor_server::secrets::TokenKind::ResetLink)?;
    let link = kontor_store::access::ResetLink { id, company, person, secret_hash, expires_at: far };
    let letter = kontor_store::access::Letter {
        id: uuid::Uuid::now_v7(),
        company,
        recipient: "mei@example.com".into(),
        subject: "s".into(),
        body: "b".into(),
        created_at: far,
        tries: 0,
    };
    running.stop().await?;
    let access = kontor_server::admin::open(&place.settings).await?;
    access.add_reset_link(&link, &letter).await?;
    assert_eq!(access.take_letter(now, far).await?, None, "its time has not come");
    assert_eq!(access.take_letter(far, soon).await?.map(|letter| letter.id), Some(letter.id));
    // Whoever took it is gone. Nobody else takes it before the lease is over, and then once.
    assert_eq!(access.take_letter(far, soon).await?, None);
    assert_eq!(access.take_letter(soon, kontor_domain::time::Instant(now.0)).await?.map(|letter| (letter.id, letter.tries)), Some((letter.id, 1)));
    access.close().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    place.settings.mail = Some(mail(listener.local_addr()?.port()));
    let (sender, mut letters) = mpsc::channel(8);
    let server = tokio::spawn(serve(listener, 0, sender));
    let running = place.start().await?;
    let sent = tokio::time::timeout(WAIT_LIMIT, letters.recv()).await?.context("no letter")?;
    assert!(sent.contains("To: mei@example.com"), "{sent}");
    running.stop().await?;
    server.abort();
    Ok(())
}

/// A company's own mail server is tried out, its password is told to nobody and stands nowhere as it is, and another
/// company's letters do not go by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_company_has_a_mail_server_of_its_own() -> Result<()> {
    const SMTP_PASSWORD: &str = "the mail server's own secret";
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let second = place.found_another(&running, "OS").await?;
    place.hire(&running, second, "boss", RoleId::OWNER, PASSWORD).await?;
    let (owner, foreign) = (api.token("HS", "mei", PASSWORD).await?, api.token("OS", "boss", PASSWORD).await?);
    let path = "/api/v1/settings/smtp";
    let get = async |token: &str| body(api.call("GET", path, Some(token), None).await?, StatusCode::OK).await;
    assert_eq!(get(&owner).await?["source"], "none");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    let (sender, mut letters) = mpsc::channel(8);
    let server = tokio::spawn(serve(listener, 0, sender));
    let wish = |host: &str, port: u16, more: serde_json::Value| {
        let mut wish = json!({ "host": host, "port": port, "security": "none", "mail_from": "Shop <shop@example.com>", "public_url": "https://shop.example.com" });
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        wish
    };
    let put = async |wish: serde_json::Value| api.call("PUT", path, Some(&owner), Some(wish)).await;
    for (wrong, pointer) in [
        (wish("mail.example.com", 25, json!({})), "#/security"),
        (wish("no host", 25, json!({})), "#/host"),
        (wish("127.0.0.1", 25, json!({ "mail_from": "nobody" })), "#/mail_from"),
        (wish("127.0.0.1", 25, json!({ "public_url": "javascript:x" })), "#/public_url"),
        (wish("127.0.0.1", 25, json!({ "public_url": "http://shop.example.com" })), "#/public_url"),
    ] {
        assert_eq!(body(put(wrong).await?, StatusCode::BAD_REQUEST).await?["pointer"], pointer);
    }
    let set = put(wish("127.0.0.1", port, json!({ "username": "shop", "password": SMTP_PASSWORD }))).await?.text().await?;
    assert!(set.contains("\"has_password\":true") && !set.contains(SMTP_PASSWORD), "{set}");
    let kept = running.host().access.smtp_setting(running.host().access.companies().await?[0]).await?;
    assert!(!kept.unwrap().password.unwrap().windows(6).any(|part| SMTP_PASSWORD.as_bytes().starts_with(part)));
    // The password is for this server: another one is not told it.
    body(put(wish("localhost", port, json!({ "username": "shop" }))).await?, StatusCode::OK).await?;
    assert_eq!(get(&owner).await?["has_password"], false);
    let test = async |token: &str| api.call("POST", "/api/v1/settings/smtp/test", Some(token), Some(json!({}))).await;
    assert_eq!(body(test(&owner).await?, StatusCode::BAD_REQUEST).await?["args"]["field"], "email", "to whom?");
    body(put(wish("127.0.0.1", port, json!({}))).await?, StatusCode::OK).await?;
    let wish_email = json!({ "email": "mei@example.com", "password": PASSWORD });
    body(api.call("PUT", "/api/v1/users/me", Some(&owner), Some(wish_email)).await?, StatusCode::OK).await?;
    body(test(&owner).await?, StatusCode::NO_CONTENT).await?;
    let letter = tokio::time::timeout(WAIT_LIMIT, letters.recv()).await?.context("no letter")?;
    assert!(letter.contains("To: mei@example.com") && letter.contains("shop@example.com"), "{letter}");
    // The other company has none, and does not see this one's.
    assert_eq!(get(&foreign).await?["source"], "none");
    assert_eq!(body(test(&foreign).await?, StatusCode::CONFLICT).await?["code"], 16_000);
    // One that nobody is at is told to who sets it up, and the letter for a forgotten password goes by the company's own.
    let wish_forgot = json!({ "company": "HS", "username": "mei" });
    body(api.call("POST", "/api/v1/auth/forgot-password", None, Some(wish_forgot)).await?, StatusCode::ACCEPTED).await?;
    let letter = tokio::time::timeout(WAIT_LIMIT, letters.recv()).await?.context("no letter")?;
    assert!(link_token(&letter).is_some(), "{letter}");
    server.abort();
    let nobody = TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?.port();
    body(put(wish("127.0.0.1", nobody, json!({}))).await?, StatusCode::OK).await?;
    assert_eq!(body(test(&owner).await?, StatusCode::BAD_GATEWAY).await?["code"], 10_502);
    body(api.call("DELETE", path, Some(&owner), None).await?, StatusCode::NO_CONTENT).await?;
    assert_eq!(get(&owner).await?["source"], "none");
    running.stop().await
}
