// Reads of streams and of $all, both ways, from everywhere; links.

import assert from "node:assert/strict";
import { all, fresh, refused, typesOf } from "./harness.mjs";

export function reading(h) {
  ofStreams(h);
  ofAll(h);
  ofLinks(h);
}

function ofStreams(h) {
  const { client, library } = h;
  const cases = [
    ["forwards from the start", {}, [0, 1, 2, 3, 4]],
    ["forwards from a revision", { fromRevision: 2n }, [2, 3, 4]],
    ["forwards, so many", { fromRevision: 1n, maxCount: 2 }, [1, 2]],
    ["forwards from beyond the end", { fromRevision: 9n }, []],
    ["backwards from the end", { direction: "backwards", fromRevision: "end" }, [4, 3, 2, 1, 0]],
    ["backwards from a revision", { direction: "backwards", fromRevision: 2n }, [2, 1, 0]],
    ["backwards, so many", { direction: "backwards", fromRevision: "end", maxCount: 2 }, [4, 3]],
  ];
  for (const [name, options, want] of cases) {
    h.check(`read: a stream ${name}`, async () => {
      const stream = fresh();
      await h.append(stream, h.many(5));
      const list = await all(client.readStream(stream, options));
      assert.deepEqual(list.map(({ event }) => Number(event.revision)), want);
      assert.ok(list.every(({ event }) => event.streamId === stream));
    });
  }

  h.check("read: a stream that is not there", async () => {
    const stream = fresh();
    const error = await refused(all(client.readStream(stream)));
    assert.ok(error instanceof library.StreamNotFoundError, String(error));
    assert.equal(error.streamName, stream);
    assert.equal(error.type, library.ErrorType.STREAM_NOT_FOUND);
  });

  h.check("read: two thousand short ones, none broken off", async () => {
    const stream = fresh();
    await h.append(stream, h.many(3));
    for (let i = 0; i < 200; i++) {
      const lists = await Promise.all(Array.from({ length: 10 }, () => all(client.readStream(stream))));
      assert.ok(lists.every((list) => list.length === 3));
    }
  });

  h.check("read: a large stream, in order", async () => {
    const stream = fresh();
    await h.append(stream, h.many(5000));
    const list = await all(client.readStream(stream));
    assert.deepEqual(list.map(({ event }) => Number(event.revision)), Array.from({ length: 5000 }, (_, i) => i));
  });
}

function ofAll(h) {
  const { client } = h;

  h.check("read: $all both ways, from events on", async () => {
    const stream = fresh();
    const marks = [];
    for (const event of h.many(4)) {
      marks.push((await h.append(stream, event)).position);
    }
    const mine = (list) => list.filter(({ event }) => event?.streamId === stream).map(({ event }) => Number(event.revision));
    assert.deepEqual(mine(await all(client.readAll())), [0, 1, 2, 3]);
    assert.deepEqual(mine(await all(client.readAll({ fromPosition: marks[1] }))), [1, 2, 3]);
    assert.deepEqual(mine(await all(client.readAll({ direction: "backwards", fromPosition: "end" }))), [3, 2, 1, 0]);
    assert.deepEqual(mine(await all(client.readAll({ direction: "backwards", fromPosition: marks[2] }))), [1, 0]);
    assert.equal((await all(client.readAll({ maxCount: 2, fromPosition: marks[0] }))).length, 2);
    // The Kurrent client turns round and reads backwards when it is told to read forwards from the end.
    const beyond = h.kurrent ? [] : await all(client.readAll({ fromPosition: "end" }));
    assert.equal(beyond.length, 0);
  });

  h.check("read: positions of $all rise and name the events they came with", async () => {
    let before = -1n;
    for (const { event, commitPosition } of await all(client.readAll())) {
      assert.ok(event.position.commit > before);
      assert.equal(event.position.commit, event.position.prepare);
      assert.equal(commitPosition ?? event.position.commit, event.position.commit);
      before = event.position.commit;
    }
  });
}

function ofLinks(h) {
  const { client } = h;

  h.check("read: links, resolved and not", async () => {
    const target = fresh();
    const links = fresh("links");
    await h.append(target, h.many(3));
    await h.append(links, [h.link(target, 2), h.link(target, 0)]);
    const plain = await all(client.readStream(links));
    assert.deepEqual(typesOf(plain), ["$>", "$>"]);
    assert.ok(plain.every(({ link }) => link === undefined));
    const resolved = await all(client.readStream(links, { resolveLinkTos: true }));
    assert.deepEqual(typesOf(resolved), ["type-2", "type-0"]);
    assert.deepEqual(resolved.map(({ link }) => Number(link.revision)), [0, 1]);
    assert.ok(resolved.every(({ event, link }) => event.streamId === target && link.streamId === links));
  });

  h.check("read: links whose targets are gone", async () => {
    const target = fresh();
    const links = fresh("links");
    await h.append(target, h.many(1));
    await h.append(links, [h.link(target, 0)]);
    await client.deleteStream(target);
    const [{ event, link }] = await all(client.readStream(links, { resolveLinkTos: true }));
    assert.equal(event, undefined);
    assert.equal(link.streamId, links);
  });
}
