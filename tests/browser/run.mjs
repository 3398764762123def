// The screens in Chromium, as people use them: sign in, every screen, a sale, a changed product, a session that ends,
// sign out. In three languages, light and dark; nothing on any screen that axe calls a barrier, nothing on the console.

import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { Shop } from "./shop.mjs";

const given = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};

const require = createRequire(given("KONTOR_BROWSER_MODULES"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const address = given("KONTOR_BROWSER_ADDRESS");
const person = { username: given("KONTOR_BROWSER_USERNAME"), password: given("KONTOR_BROWSER_PASSWORD") };
const pictures = given("KONTOR_BROWSER_PICTURES");
const executablePath = process.env.KONTOR_CHROMIUM ?? "/usr/bin/chromium";

// What is tried: each language once, both themes, both ends of the sizes that the counter is made for.
const LOOKS = [
  { name: "en-light", locale: "en-US", colorScheme: "light", viewport: { width: 1366, height: 768 } },
  { name: "zh-Hant-dark", locale: "zh-TW", colorScheme: "dark", viewport: { width: 1366, height: 768 } },
  { name: "zh-Hans-light", locale: "zh-CN", colorScheme: "light", viewport: { width: 1024, height: 768 } },
  { name: "en-dark", locale: "en-US", colorScheme: "dark", viewport: { width: 1024, height: 768 } },
];

const RULES = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] };

/** A person at a browser. */
class Desk {
  constructor(page, look, person) {
    this.page = page;
    this.person = person;
    this.look = look;
    this.wrong = [];
    this.tokens = [];
    this.count = 0;
    page.on("console", (message) => {
      // What the server refused is told on the screen; the browser writes each such answer down too.
      if (message.type() === "error" && !message.text().includes("Failed to load resource")) this.wrong.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.wrong.push(`page: ${error}`));
    page.on("request", (request) => {
      const sent = request.headers()["authorization"];
      if (sent) this.tokens.push(sent);
    });
  }

  /** Waits until nothing is on its way. */
  async settled() {
    await this.page.waitForFunction(() => !document.querySelector("[aria-busy=true], .skeleton"), null, { timeout: 20_000 });
    await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    // Axe reads colours: what fades in must have done so.
    await this.page.evaluate(() => Promise.all(document.getAnimations().filter((one) => one.effect?.getTiming().iterations !== Infinity).map((one) => one.finished.catch(() => {}))));
  }

  /** A picture, and what axe says about the screen; `large`: what must be read from afar, at 7:1. */
  async look_at(name, large = null) {
    await this.settled();
    this.count += 1;
    const file = `${this.look.name}-${String(this.count).padStart(2, "0")}-${name}`;
    await this.page.screenshot({ path: join(pictures, `${file}.png`) });
    await this.page.evaluate(axe);
    const found = await this.page.evaluate((rules) => window.axe.run(document, { runOnly: rules, resultTypes: ["violations"] }), RULES);
    if (large) {
      const read = { runOnly: { type: "rule", values: ["color-contrast-enhanced"] }, rules: { "color-contrast-enhanced": { enabled: true } } };
      const judged = await this.page.evaluate(([where, how]) => window.axe.run(where, how), [large, read]);
      if (judged.passes.length + judged.violations.length === 0) this.wrong.push(`${file}: nothing was judged at ${large}`);
      found.violations.push(...judged.violations);
    }
    for (const violation of found.violations) {
      const places = violation.nodes.slice(0, 4).map((node) => `${node.target.join(" ")}: ${node.failureSummary?.split("\n").slice(1, 2).join("").trim()}`);
      this.wrong.push(`${file}: ${violation.id} (${violation.impact}): ${places.join(" | ")}`);
    }
  }

  async click(selector) {
    await this.page.click(selector, { timeout: 15_000 });
  }

  async fill(selector, text) {
    await this.page.fill(selector, text, { timeout: 15_000 });
  }

  async seen(selector, timeout = 15_000) {
    await this.page.waitForSelector(selector, { timeout });
  }

  async gone(selector) {
    await this.page.waitForSelector(selector, { state: "detached", timeout: 15_000 });
  }

  async screen(number) {
    await this.click(`.rail button:nth-of-type(${number})`);
    await this.seen(`.rail button:nth-of-type(${number})[aria-current]`);
  }

  async sign_in(password) {
    await this.fill("input[name=username]", this.person.username);
    await this.fill("input[name=password]", password);
    await this.page.keyboard.press("Enter");
  }
}

async function opens_and_signs_in(desk) {
  await desk.page.goto(address);
  await desk.seen("form.signin");
  await desk.look_at("sign-in");
  await desk.sign_in("not the password");
  await desk.seen("form.signin .strip");
  await desk.look_at("refused");
  await desk.click("form.signin .btn.quiet");
  await desk.look_at("forgot");
  await desk.click("form.signin .two-buttons .btn:first-child");
  await desk.sign_in(desk.person.password);
  await desk.seen(".ways .way");
  await desk.look_at("which-till");
  await desk.click(".ways .way:first-child");
  await desk.seen(".counter");
}

async function sells(desk, shop) {
  await desk.seen(".tile");
  await desk.look_at("counter");
  const before = await shop.sales();
  await desk.click(".tile:nth-of-type(1)");
  await desk.click(".tile:nth-of-type(2)");
  await desk.look_at("cart", ".cart .total b");
  for (const [key, name] of [["F2", "quantity"], ["F3", "discount"], ["F8", "customer"]]) {
    await desk.page.keyboard.press(key);
    await desk.seen(".sheet");
    await desk.look_at(name);
    await desk.page.keyboard.press("Escape");
    await desk.gone(".sheet");
  }
  await desk.page.keyboard.press("F6");
  await desk.gone(".cart .lines li");
  await desk.page.keyboard.press("F7");
  await desk.seen(".sheet .option");
  await desk.look_at("recall");
  await desk.page.keyboard.press("Enter");
  await desk.seen(".cart .lines li");
  await desk.page.keyboard.press("F9");
  await desk.look_at("pay");
  await desk.page.keyboard.press("Escape");
  await desk.page.keyboard.press("F10");
  const deadline = Date.now() + 15_000;
  while ((await shop.sales()) !== before + 1) {
    if (Date.now() > deadline) throw new Error("the sale is not at the server");
    await new Promise((done) => setTimeout(done, 100));
  }
  await desk.look_at("sold");
}

async function looks_at_the_shop(desk, shop) {
  await desk.screen(2);
  await desk.look_at("shift");
  await counts_the_shift(desk);
  await desk.screen(3);
  await desk.seen(".tr .strong");
  await desk.look_at("sales");
  await desk.click(".space .tr");
  await desk.look_at("sale");
  await desk.click(".page.sale .actions .btn.primary");
  await desk.seen(".stepper");
  await desk.look_at("refund");
  await desk.screen(5);
  await desk.look_at("stock");
  const [product] = await shop.product_names();
  for (const [tab, name] of [[4, "receive"], [5, "adjust"]]) {
    await desk.click(`.page.stock [role=tab]:nth-of-type(${tab})`);
    await desk.seen(".picker input");
    await desk.fill(".picker input", product);
    await desk.seen(".picker .option");
    await desk.page.keyboard.press("Enter");
    await desk.seen(".entries .entry input");
    await desk.look_at(name);
  }
  await desk.screen(6);
  await desk.look_at("today");
  await desk.screen(7);
  await desk.look_at("attention");
  await desk.page.keyboard.press("Control+k");
  await desk.seen("dialog.palette");
  await desk.look_at("find");
  await desk.page.keyboard.press("Escape");
  // Who comes back within the session need not sign in, and the browser is still the till it was.
  await desk.page.reload();
  await desk.seen(".counter");
}

/** Cash in, the count, the report, and the next shift. */
async function counts_the_shift(desk) {
  await desk.click(".page.shift .actions .btn:nth-last-of-type(3)");
  await desk.seen("dialog[open] input[name=amount]");
  await desk.look_at("cash-in");
  await desk.page.keyboard.press("Escape");
  await desk.gone("dialog[open]");
  await desk.click(".page.shift .actions .btn.primary");
  await desk.seen(".coin input");
  await desk.look_at("count");
  await desk.click("[role=radiogroup] .chip:nth-of-type(2)");
  await desk.fill("input[name=counted]", "1");
  await desk.click(".page.shift .btn.primary.big");
  await desk.seen("dialog[open]");
  await desk.look_at("count-sure");
  await desk.click("dialog[open] .btn.primary");
  await desk.seen(".page.shift .result");
  await desk.look_at("shift-closed");
  await desk.screen(2);
  await desk.seen(".opencard input");
  await desk.look_at("shift-open");
  await desk.fill(".opencard input", "1");
  await desk.page.keyboard.press("Enter");
  await desk.seen(".counter");
}

async function changes_a_product(desk, shop) {
  await desk.screen(4);
  await desk.seen(".space .tr .strong");
  await desk.look_at("products");
  await desk.click(".page.products .actions .btn:first-of-type");
  await desk.seen("dialog[open]");
  await desk.look_at("categories");
  await desk.page.keyboard.press("Escape");
  await desk.gone("dialog[open]");
  await desk.click(".space .tr");
  await desk.seen("input[name=name]");
  await desk.look_at("product");
  const name = `${await desk.page.inputValue("input[name=name]")} *`;
  await desk.fill("input[name=name]", name);
  await desk.click(".page .head .btn.primary, .page .foot .btn.primary");
  const deadline = Date.now() + 15_000;
  while (!(await shop.product_names()).includes(name)) {
    if (Date.now() > deadline) throw new Error(`${name} is not at the server`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

async function hears_of_others(desk, shop) {
  await desk.screen(4);
  await desk.seen(".space .tr .strong");
  const name = `Heard ${desk.look.name}`;
  await shop.create_product(`H-${desk.look.name}`, name, 100);
  await desk.seen(`text=${name}`);
}

async function settings(desk) {
  await desk.screen(9);
  const parts = await desk.page.locator(".settings nav .option").count();
  for (let part = 1; part <= parts; part += 1) {
    await desk.click(`.settings nav .option:nth-of-type(${part})`);
    await desk.look_at(`settings-${part}`);
  }
}

async function access(desk) {
  await desk.screen(8);
  const parts = await desk.page.locator(".access nav .option").count();
  for (let part = 1; part <= parts; part += 1) {
    await desk.click(`.access nav .option:nth-of-type(${part})`);
    await desk.look_at(`access-${part}`);
    const add = desk.page.locator(".settingspart .btn.primary:has(svg)");
    if (part > 1 && (await add.count()) > 0) {
      await add.first().click();
      await desk.seen("dialog[open]");
      await desk.look_at(`access-${part}-new`);
      await desk.page.keyboard.press("Escape");
      await desk.gone("dialog[open]");
    }
  }
  // Everything that was done stands in the audit, an edit with what stood before.
  await desk.click(".access nav .option:last-of-type");
  await desk.seen(".auditcard tbody tr");
  await desk.page.selectOption(".settingspart select >> nth=0", "catalog");
  await desk.settled();
  await desk.click(".auditcard tbody tr:has-text('" + (await desk.page.textContent(".auditcard tbody tr:first-child .link")) + "') .link");
  await desk.seen("dialog[open] .facts");
  await desk.look_at("audit-detail");
  await desk.page.keyboard.press("Escape");
  await desk.gone("dialog[open]");
  // What a sale said has its goods by name and its amounts in money: no id but its own, and no JSON.
  await desk.page.selectOption(".settingspart select >> nth=0", "counter");
  await desk.settled();
  await desk.click(".auditcard tbody tr:has-text('-000001') .link");
  await desk.seen("dialog[open] .facts");
  await desk.look_at("audit-sale");
  const said = await desk.page.locator("dialog[open] table").innerText();
  if (/[{}"]/.test(said)) desk.wrong.push(`audit-sale: ${said}`);
  await desk.page.keyboard.press("Escape");
}

async function goes_on_after_the_session_ended(desk) {
  await desk.screen(4);
  await desk.click(".page .head .btn.primary");
  await desk.seen("input[name=name]");
  await desk.fill("input[name=name]", "Typed before the session ended");
  await desk.fill("input[name=price]", "12");
  // Signed out elsewhere, as an owner does it for a lost computer.
  const answer = await fetch(`${address}/api/v1/auth/logout`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: desk.tokens.at(-1) },
    body: "{}",
  });
  if (!answer.ok) throw new Error(`signing out elsewhere: ${answer.status}`);
  // Nobody presses anything: the line on which the server tells what changes ends, and is not opened again.
  await desk.seen("dialog[open] input[name=password]", 60_000);
  await desk.look_at("session-ended");
  await desk.sign_in(desk.person.password);
  await desk.gone("dialog[open]");
  const typed = await desk.page.inputValue("input[name=name]");
  if (typed !== "Typed before the session ended") throw new Error(`what was typed is ${typed}`);
}

/** The open sales that the browser keeps, as text. */
const kept_sales = (desk) =>
  desk.page.evaluate(() => Object.entries(localStorage).filter(([name]) => name.startsWith("kontor-basket-")).map(([, text]) => text).join("\n"));

/** Something in the cart, for somebody whose name is nobody else's business. */
async function sells_to(desk, buyer) {
  await desk.screen(1);
  await desk.click(".tile:nth-of-type(1)");
  await desk.page.keyboard.press("F8");
  await desk.seen(".sheet input");
  await desk.fill(".sheet .labelled:nth-of-type(2) input", buyer);
  await desk.page.keyboard.press("Enter");
  await desk.gone(".sheet");
  const deadline = Date.now() + 15_000;
  while (!(await kept_sales(desk)).includes(buyer)) {
    if (Date.now() > deadline) throw new Error("the open sale is not kept");
    await new Promise((done) => setTimeout(done, 50));
  }
}

async function signs_out(desk) {
  const buyer = "Corner Cafe";
  await desk.click(".rail button:nth-of-type(8)");
  // The product that nobody saved.
  await desk.seen("dialog[open] .btn.danger");
  await desk.look_at("leave");
  await desk.click("dialog[open] .btn.danger");
  await sells_to(desk, buyer);
  await desk.screen(8);
  await desk.click(".settingspart .card:nth-of-type(2) .btn:nth-of-type(2)");
  await desk.seen("form.signin");
  const kept = await kept_sales(desk);
  if (kept.includes(buyer)) throw new Error("who signed out left the buyer's name in the browser");
  if (JSON.parse(kept).lines.length !== 1) throw new Error(`the open sale is gone: ${kept}`);
  await desk.page.reload();
  await desk.seen("form.signin");
  // What the link in a letter opens.
  await desk.page.goto(`${address}/reset-password#token=none`);
  await desk.seen("form input[type=password]");
  await desk.look_at("reset");
}

async function run(browser, look, shop) {
  const context = await browser.newContext({ locale: look.locale, colorScheme: look.colorScheme, viewport: look.viewport, ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const desk = new Desk(page, look, await shop.admit(`mei-${look.name}`.toLowerCase(), `${person.password}, ${look.name}`));
  try {
    await opens_and_signs_in(desk);
    await sells(desk, shop);
    await looks_at_the_shop(desk, shop);
    await changes_a_product(desk, shop);
    await hears_of_others(desk, shop);
    await settings(desk);
    await access(desk);
    await goes_on_after_the_session_ended(desk);
    await signs_out(desk);
  } catch (error) {
    await page.screenshot({ path: join(pictures, `${look.name}-failed.png`) }).catch(() => {});
    desk.wrong.push(`${look.name}: ${error.stack ?? error}`);
  }
  await context.close();
  return desk;
}

mkdirSync(pictures, { recursive: true });
const shop = await Shop.enter(address, person);
await shop.stock();
const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
const only = process.argv[2];
let screens = 0;
const wrong = [];
for (const look of LOOKS.filter((look) => !only || look.name === only)) {
  const desk = await run(browser, look, shop);
  screens += desk.count;
  wrong.push(...desk.wrong);
  console.log(`${look.name}: ${desk.count} screens`);
}
await browser.close();
console.log(`${screens} screens, ${wrong.length} things wrong; pictures in ${pictures}`);
for (const one of wrong) console.log(`  ${one}`);
process.exit(wrong.length === 0 && screens > 0 ? 0 : 1);
