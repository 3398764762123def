// The same shop from beside: as another program asks and changes it.

const PRODUCTS = [
  ["TEA-1", "Oolong tea", 180],
  ["TEA-2", "凍頂烏龍茶", 420],
  ["CAKE-1", "鳳梨酥", 45],
  ["CAKE-2", "Sun cake", 35],
  ["CUP-1", "Teacup", 260],
  ["POT-1", "Teapot, small", 1480],
];

/** The owner's role, the same in every shop. */
const OWNER = "00000000-0000-0000-0000-000000000001";

/** A shop server, asked with a token of its own. */
export class Shop {
  static async enter(address, person) {
    const shop = new Shop();
    shop.address = address;
    shop.headers = { "content-type": "application/json" };
    const signed = await shop.post("/api/v1/auth/login", person);
    shop.headers.authorization = `Bearer ${signed.access_token}`;
    const [till] = await shop.ask({ settings: { list_tills: {} } });
    shop.headers["kontor-till"] = till.id;
    shop.session = await shop.ask({ settings: { get_session: {} } });
    return shop;
  }

  async send(method, path, body) {
    const answer = await fetch(this.address + path, { method, headers: this.headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  post(path, body) {
    return this.send("POST", path, body);
  }

  ask(query) {
    return this.post("/api/v1/screens/query", query);
  }

  execute(command) {
    return this.post("/api/v1/screens/execute", { id: crypto.randomUUID(), command });
  }

  create_product(code, name, price) {
    const draft = {
      code,
      name,
      description: "",
      unit: "pcs",
      category_id: null,
      tax_id: this.session.taxes[0].id,
      price: price * 10_000,
      low_threshold: -1,
      high_threshold: -1,
      favourite: code.startsWith("H-") ? null : 1,
      active: true,
      barcodes: [],
      tags: [],
    };
    return this.execute({ catalog: { create_product: { id: crypto.randomUUID(), draft } } });
  }

  async stock() {
    for (const [code, name, price] of PRODUCTS) await this.create_product(code, name, price);
  }

  /** One more owner, who signs in for one look: nobody may try a name more than five times a minute. */
  async admit(username, password) {
    const made = await this.post("/api/v1/users", { name: username, username, email: `${username}@example.com`, role_id: OWNER });
    await this.send("PUT", `/api/v1/users/${made.id}/password`, { password });
    return { username, password };
  }

  async sales() {
    const page = await this.ask({ counter: { list_sales: { filter: {}, offset: 0, limit: 1 } } });
    return page.total;
  }

  async product_names() {
    const page = await this.ask({ catalog: { list_products: { filter: {}, offset: 0, limit: 100 } } });
    return page.rows.map((row) => row.name);
  }
}
