//! A folder and a computer for one test, and the shops that are opened there.

use std::path::Path;

use kontor_domain::command::Command;
use kontor_domain::host::{HostCall, Start};
use kontor_domain::settings;

use super::{Desk, Look, Window};
use crate::shop::{Founded, found_command, product_command};

/// Where a test's window is opened.
#[derive(Debug)]
pub struct Place {
    /// Of the test; gone with it.
    pub folder: tempfile::TempDir,
    /// The computer.
    pub desk: Desk,
}

impl Place {
    /// With its data in a folder of its own.
    pub fn new(look: Look<'_>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let desk = Desk::new(&folder.path().join("data"))?;
        desk.prefer(look)?;
        Ok(Self { folder, desk })
    }

    /// With its data in a folder that is there.
    pub fn at(data: &Path, look: Look<'_>) -> anyhow::Result<Self> {
        let desk = Desk::new(data)?;
        desk.prefer(look)?;
        Ok(Self { folder: tempfile::tempdir()?, desk })
    }

    /// The counter of the demo shop.
    pub async fn demo(&self) -> anyhow::Result<Window> {
        let window = self.desk.open().await?;
        window.try_demo().await?;
        Ok(window)
    }

    /// The counter of a shop with so many products of 10, 20, 30 … dollars, and nothing sold.
    pub async fn shop(&self, products: usize) -> anyhow::Result<(Window, Founded)> {
        let window = self.desk.open().await?;
        window.until_there(".first .way").await?;
        let start: Start = window.host(&HostCall::GetStart).await?;
        let (mut command, founded) = found_command(start.person, products);
        if let Command::Settings(settings::Command::Found(found)) = &mut command {
            // What is printed is read by the test.
            found.locale = "en".into();
        }
        window.execute(command).await?;
        for index in 0..products {
            window.execute(product_command(&founded, index)).await?;
        }
        window.until_counter().await?;
        Ok((window, founded))
    }
}
