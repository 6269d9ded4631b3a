// What a node with TLS asks for: who is calling, and what that caller may do.

import assert from "node:assert/strict";
import { all, fresh, refused } from "./harness.mjs";

export function secure(h) {
  if (!h.secureConnection) {
    return;
  }
  const { library } = h;
  const as = (user) => h.Client.connectionString(h.secureConnection.replace("://", user ? `://${user}@` : "://"));
  const known = (run) => async () => {
    const client = as("admin:changeit");
    try {
      await run(client);
    } finally {
      await client.dispose();
    }
  };

  h.check("secure: an administrator may do everything", known(async (client) => {
    const stream = fresh();
    await client.appendToStream(stream, h.many(2));
    assert.equal((await all(client.readStream(stream))).length, 2);
    assert.ok((await all(client.readAll())).length > 2);
    await client.createPersistentSubscriptionToStream(stream, "g", library.persistentSubscriptionToStreamSettingsFromDefaults());
    assert.equal((await client.getPersistentSubscriptionToStreamInfo(stream, "g")).groupName, "g");
  }));

  h.check("secure: a wrong password", async () => {
    const client = as("admin:wrong");
    for (const attempt of [() => client.appendToStream(fresh(), h.many(1)), () => all(client.readStream(fresh()))]) {
      const error = await refused(attempt());
      assert.ok(error instanceof library.AccessDeniedError, `${attempt}: ${error}`);
    }
    await client.dispose();
  });

  h.check("secure: nobody in particular may not run the node", async () => {
    const client = as("");
    const settings = library.persistentSubscriptionToStreamSettingsFromDefaults();
    const error = await refused(client.createPersistentSubscriptionToStream(fresh(), "g", settings));
    assert.ok(error instanceof library.AccessDeniedError, String(error));
    await client.dispose();
  });

  h.check("secure: one call with other credentials", known(async (client) => {
    const error = await refused(client.appendToStream(fresh(), h.many(1), { credentials: { username: "admin", password: "wrong" } }));
    assert.ok(error instanceof library.AccessDeniedError, String(error));
  }));
}
