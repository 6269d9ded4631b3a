// Catch-up subscriptions: old events, one caught-up, new events; filters with their checkpoints.

import assert from "node:assert/strict";
import { fresh, listen, typesOf, until } from "./harness.mjs";

export function catchup(h) {
  toStreams(h);
  toAll(h);
  filtered(h);
}

function toStreams(h) {
  const { client, library } = h;
  const cases = [
    ["the start", {}, ["type-0", "type-1", "type-2", "new-0", "new-1"]],
    ["a revision, which is known", { fromRevision: 1n }, ["type-2", "new-0", "new-1"]],
    ["the end", { fromRevision: "end" }, ["new-0", "new-1"]],
  ];
  for (const [name, options, want] of cases) {
    h.check(`subscribe: a stream from ${name}`, async () => {
      const stream = fresh();
      await h.append(stream, h.many(3));
      const subscription = client.subscribeToStream(stream, options);
      const heard = listen(subscription);
      await until("caught up", () => heard.caughtUp === 1);
      assert.equal(heard.events.length, want.length - 2);
      await h.append(stream, h.many(2, "new"));
      assert.deepEqual(typesOf(await heard.many(want.length)), want);
      assert.equal(heard.caughtUp, 1);
      await subscription.unsubscribe();
    });
  }

  h.check("subscribe: a stream that is yet to come", async () => {
    const stream = fresh();
    const subscription = client.subscribeToStream(stream);
    const heard = listen(subscription);
    await until("caught up", () => heard.caughtUp === 1);
    await h.append(stream, h.many(2));
    assert.deepEqual(typesOf(await heard.many(2)), ["type-0", "type-1"]);
    await subscription.unsubscribe();
  });

  h.check("subscribe: a tombstone ends it", async () => {
    const stream = fresh();
    await h.append(stream, h.many(1));
    const subscription = client.subscribeToStream(stream);
    const heard = listen(subscription);
    await heard.many(1);
    await client.tombstoneStream(stream);
    const error = await heard.end();
    assert.ok(error instanceof library.StreamDeletedError, String(error));
    assert.equal(error.streamName, stream);
  });

  h.check("subscribe: links are resolved as they come", async () => {
    const target = fresh();
    const links = fresh("links");
    await h.append(target, h.many(2));
    const subscription = client.subscribeToStream(links, { resolveLinkTos: true });
    const heard = listen(subscription);
    await until("caught up", () => heard.caughtUp === 1);
    await h.append(links, [h.link(target, 1)]);
    const [{ event, link }] = await heard.many(1);
    assert.equal(event.type, "type-1");
    assert.equal(link.streamId, links);
    await subscription.unsubscribe();
  });
}

function toAll(h) {
  const { client } = h;

  h.check("subscribe: $all from a position and from the end", async () => {
    const stream = fresh();
    const { position } = await h.append(stream, h.many(1));
    await h.append(stream, h.many(2, "later"));
    const mine = (heard) => heard.events.filter(({ event }) => event.streamId === stream).map(({ event }) => event.type);
    const fromThere = client.subscribeToAll({ fromPosition: position });
    const fromEnd = client.subscribeToAll({ fromPosition: "end" });
    const [there, end] = [listen(fromThere), listen(fromEnd)];
    await until("both caught up", () => there.caughtUp === 1 && end.caughtUp === 1);
    await h.append(stream, h.many(1, "new"));
    await until("the new event", () => mine(there).includes("new-0") && mine(end).includes("new-0"));
    assert.deepEqual(mine(there), ["later-0", "later-1", "new-0"]);
    assert.deepEqual(mine(end), ["new-0"]);
    await Promise.all([fromThere.unsubscribe(), fromEnd.unsubscribe()]);
  });

  h.check("subscribe: hundreds of events while others write, none twice, none missing", async () => {
    const stream = fresh();
    const subscription = client.subscribeToStream(stream);
    const heard = listen(subscription);
    for (let i = 0; i < 20; i++) {
      await Promise.all([h.append(stream, h.many(20)), h.append(fresh(), h.many(5))]);
    }
    const events = await heard.many(400);
    assert.deepEqual(events.map(({ event }) => Number(event.revision)), Array.from({ length: 400 }, (_, i) => i));
    await subscription.unsubscribe();
  });
}

function filtered(h) {
  const { client, library } = h;
  const filters = {
    "types by prefix": (mark) => library.eventTypeFilter({ prefixes: [`${mark}-a`, `${mark}-c`] }),
    "types by expression": (mark) => library.eventTypeFilter({ regex: `^${mark}-[ac]` }),
    "streams by prefix": (mark) => library.streamNameFilter({ prefixes: [`${mark}-a`, `${mark}-c`] }),
    "streams by expression": (mark) => library.streamNameFilter({ regex: `^${mark}-[ac]` }),
  };
  for (const [name, make] of Object.entries(filters)) {
    h.check(`subscribe: $all, ${name}`, async () => {
      const mark = fresh("mark");
      for (const letter of ["a", "b", "c"]) {
        await h.append(`${mark}-${letter}`, h.json(`${mark}-${letter}`));
      }
      const subscription = client.subscribeToAll({ filter: make(mark) });
      const heard = listen(subscription);
      await heard.many(2);
      await h.append(`${mark}-b`, h.json(`${mark}-b`));
      await h.append(`${mark}-c`, h.json(`${mark}-c`));
      assert.deepEqual(typesOf(await heard.many(3)), [`${mark}-a`, `${mark}-c`, `${mark}-c`]);
      await subscription.unsubscribe();
    });
  }

  h.check("subscribe: no events of the system", async () => {
    const stream = fresh();
    await h.append(stream, h.many(1));
    await client.setStreamMetadata(stream, { maxCount: 5 });
    const subscription = client.subscribeToAll({ filter: library.excludeSystemEvents() });
    const heard = listen(subscription);
    await until("caught up", () => heard.caughtUp === 1);
    assert.ok(heard.events.length > 0);
    assert.ok(heard.events.every(({ event }) => !event.type.startsWith("$")));
    await subscription.unsubscribe();
  });

  h.check("subscribe: checkpoints of what is filtered out, from which one can go on", async () => {
    const mark = fresh("mark");
    await h.append(fresh(), h.many(200, "noise"));
    const checkpoints = [];
    const filter = library.eventTypeFilter({
      prefixes: [mark],
      maxSearchWindow: 10,
      checkpointInterval: 2,
      checkpointReached: (_, position) => void checkpoints.push(position),
    });
    const subscription = client.subscribeToAll({ filter });
    listen(subscription);
    await until("checkpoints", () => checkpoints.length >= 5);
    await subscription.unsubscribe();
    const commits = checkpoints.map(({ commit }) => commit);
    assert.deepEqual(commits, [...new Set(commits)].sort((a, b) => (a < b ? -1 : 1)));
    await h.append(fresh(), h.json(mark));
    const resumed = client.subscribeToAll({ fromPosition: checkpoints.at(-1), filter });
    assert.deepEqual(typesOf(await listen(resumed).many(1)), [mark]);
    await resumed.unsubscribe();
  });
}
