//! One side is older than the other, and tables get a column meanwhile.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use kontor_domain::catalog::ProductChanges;
use kontor_domain::command::Edit;
use kontor_store::{copy, feed};
use kontor_sync::message::PullReply;

use super::Scene;
use crate::shop::START;
use crate::till::Program;

fn asks(scene: &mut Scene) -> PullReply {
    let till = &mut scene.shop.tills[0].0;
    let (copy, _) = till.look(0).unwrap();
    let mut request = till.stage.request(&copy, till.device, feed::schema(), false);
    till.program.sign(&mut request);
    scene.shop.server.pull(&request, START, 50).unwrap()
}

#[test]
fn a_till_of_another_shape_loses_pull_and_never_push() {
    for (program, reply) in [(Program::Older, PullReply::Upgrade), (Program::Newer, PullReply::Wait)] {
        let mut scene = Scene::new();
        scene.shop.tills[0].0.program = program;
        assert_eq!(asks(&mut scene), reply);
        let id = scene.cash(0, "change");
        scene.push(0);
        assert_eq!(scene.verdict(id).as_deref(), Some("ok"));
        scene.shop.tills[0].0.program = Program::Same;
        scene.sync(0);
    }
}

#[test]
fn a_column_that_is_added_is_filled_by_the_authority_and_what_was_pending_stays() {
    let mut scene = Scene::new();
    let product = scene.product();
    let mut changes = ProductChanges::of(product.id);
    changes.description = Some(Edit { from: String::new(), to: "with pineapple".into() });
    scene.at_office(Scene::edit(changes));
    scene.sync(0);
    // What the older program left: commands that wait, and a table without the column.
    let mut rename = ProductChanges::of(product.id);
    rename.name = Some(Edit { from: product.name.clone(), to: "cake".into() });
    let (renamed, paid) = (scene.enter(0, Scene::edit(rename)), scene.cash(0, "change"));
    let (till, place) = scene.shop.tills.remove(0);
    let image = till.image().unwrap();
    let till = till.with_disk_changed(&image, |path| {
        let mut file = rusqlite::Connection::open(path)?;
        // The older program's table and images know nothing of it.
        file.execute_batch(
            "ALTER TABLE product DROP COLUMN description;
             UPDATE undo SET cells = replace(cells, '[\"description\",\"with pineapple\"],', '')",
        )?;
        copy::prepare_upgrade(&mut file)?;
        assert_eq!(file.query_row("SELECT name FROM product", [], |row| row.get::<_, String>(0))?, product.name);
        file.execute_batch("ALTER TABLE product ADD COLUMN description TEXT NOT NULL DEFAULT ''; UPDATE sync_meta SET shape = 1")?;
        Ok(())
    });
    scene.shop.tills.insert(0, (till.unwrap(), place));
    scene.shop.tills[0].0.look(0).unwrap();
    // What waits is executed again by the new program, before anything comes.
    assert_eq!(scene.count(0, "SELECT COUNT(*) FROM product WHERE name = 'cake' AND description = ''"), 1);
    assert_eq!(scene.count(0, "SELECT COUNT(*) FROM cash_movement"), 1);
    scene.sync(0);
    assert_eq!(scene.count(0, "SELECT COUNT(*) FROM product WHERE name = 'cake' AND description = 'with pineapple'"), 1);
    for id in [renamed, paid] {
        assert_eq!(scene.verdict(id).as_deref(), Some("ok"));
    }
}

#[test]
fn a_command_as_an_older_program_wrote_it_stands() {
    let mut scene = Scene::new();
    let id = kontor_domain::ids::CommandId(uuid::Uuid::from_u128(7));
    let envelope = serde_json::json!({ "name": "counter.open_drawer", "version": 0,
        "args": { "counter": { "open_drawer": { "shift_id": scene.shift } } }, "number": null, "at": START,
        "actor": scene.shop.server.owner, "device": scene.shop.tills[0].1.device });
    let file = scene.shop.tills[0].0.connection();
    file.execute("INSERT INTO outbox (seq, id, envelope) VALUES (2, ?1, ?2)", (id.0.as_bytes(), envelope.to_string())).unwrap();
    file.execute("UPDATE sync_meta SET next_seq = 3", []).unwrap();
    scene.sync(0);
    assert_eq!(scene.verdict(id).as_deref(), Some("ok"));
    assert_eq!(scene.count(0, "SELECT count FROM shift_total WHERE kind = 'drawer_opened'"), 1);
}
