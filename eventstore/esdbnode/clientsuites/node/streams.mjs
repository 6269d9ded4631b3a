// Appends with every expectation, in both ways, what becomes of repeats, and the end of streams.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { all, fresh, refused, typesOf } from "./harness.mjs";

export function streams(h) {
  const { client, library } = h;
  // Without credentials appends go through one batch call, with them each through a call of its own.
  const ways = { batch: {}, single: { credentials: { username: "admin", password: "changeit" } } };
  for (const [way, options] of Object.entries(ways)) {
    appends(h, way, options);
  }
  idempotence(h);
  ends(h);
  metadata(h);

  h.check("append: events come back as they were sent", async () => {
    const stream = fresh();
    const json = library.jsonEvent({ id: randomUUID(), type: "json", data: { ä: ["ö", 1, null] }, metadata: { m: true } });
    const binary = library.binaryEvent({ id: randomUUID(), type: "binary", data: Buffer.from([0, 255, 10]), metadata: Buffer.from([9]) });
    await h.append(stream, [json, binary]);
    const [first, second] = await all(client.readStream(stream));
    assert.deepEqual(first.event.data, json.data);
    assert.deepEqual(first.event.metadata, json.metadata);
    assert.equal(first.event.id, json.id);
    assert.equal(first.event.isJson, true);
    assert.equal(first.event.streamId, stream);
    assert.ok(Math.abs(first.event.created - new Date()) < 60_000);
    assert.deepEqual(Buffer.from(second.event.data), Buffer.from([0, 255, 10]));
    assert.equal(second.event.isJson, false);
    assert.equal(second.event.revision, 1n);
  });
}

function appends(h, way, options) {
  const { library } = h;

  h.check(`append (${way}): every expectation that holds`, async () => {
    const stream = fresh();
    let result = await h.append(stream, h.many(2), "no_stream", options);
    assert.equal(result.success, true);
    assert.equal(result.nextExpectedRevision, 1n);
    assert.ok(result.position.commit > 0n && result.position.commit === result.position.prepare);
    const before = result.position.commit;
    result = await h.append(stream, h.many(1), 1n, options);
    assert.equal(result.nextExpectedRevision, 2n);
    result = await h.append(stream, h.many(1), "stream_exists", options);
    assert.equal(result.nextExpectedRevision, 3n);
    result = await h.append(stream, h.many(1), "any", options);
    assert.equal(result.nextExpectedRevision, 4n);
    assert.ok(result.position.commit > before);
  });

  h.check(`append (${way}): every expectation that does not hold`, async () => {
    const stream = fresh();
    for (const expected of ["stream_exists", 0n, 5n]) {
      const error = await refused(h.append(stream, h.many(1), expected, options));
      assert.ok(error instanceof library.WrongExpectedVersionError, String(error));
      assert.equal(error.streamName, stream);
      assert.equal(error.actualVersion ?? error.actualState, "no_stream");
      assert.equal(error.expectedVersion ?? error.expectedState, expected);
    }
    await h.append(stream, h.many(3), "no_stream", options);
    for (const expected of ["no_stream", 0n, 5n]) {
      const error = await refused(h.append(stream, h.many(1), expected, options));
      assert.ok(error instanceof library.WrongExpectedVersionError, String(error));
      assert.equal(error.actualVersion ?? error.actualState, 2n);
    }
  });

  h.check(`append (${way}): too much at once`, async () => {
    const big = library.binaryEvent({ type: "big", data: Buffer.alloc(1 << 20) });
    const error = await refused(h.append(fresh(), [big, big], "any", options));
    assert.ok(error instanceof library.MaxAppendSizeExceededError, String(error));
    assert.equal(error.maxAppendSize, 1 << 20);
  });

  h.check(`append (${way}): a conflict that is no error when the client says so`, async () => {
    const tolerant = h.Client.connectionString(`${h.connection}&throwOnAppendFailure=false`);
    const result = await tolerant.appendToStream(fresh(), h.many(1), { ...h.expecting(7n), ...options });
    assert.equal(result.success, false);
    await tolerant.dispose();
  });
}

function idempotence(h) {
  h.check("append: the same again is answered as before and writes nothing", async () => {
    const stream = fresh();
    const events = h.many(3);
    for (const expected of ["no_stream", "any"]) {
      const first = await h.append(stream, events, expected);
      const again = await h.append(stream, events, expected);
      assert.equal(again.nextExpectedRevision, first.nextExpectedRevision);
      assert.equal(again.position.commit, first.position.commit);
    }
    assert.equal((await all(h.client.readStream(stream))).length, 3);
  });

  h.check("append: many at the same time, over one call", async () => {
    const names = Array.from({ length: 100 }, () => fresh());
    const results = await Promise.all(names.map((stream) => h.append(stream, h.many(3), "no_stream")));
    assert.ok(results.every(({ nextExpectedRevision }) => nextExpectedRevision === 2n));
    for (const stream of names.slice(0, 5)) {
      assert.equal((await all(h.client.readStream(stream))).length, 3);
    }
  });

  h.check("append: one that is split over several messages is one all the same", async () => {
    const stream = fresh();
    const result = await h.append(stream, h.many(500), "no_stream", { batchAppendSize: 4096 });
    assert.equal(result.nextExpectedRevision, 499n);
  });
}

function ends(h) {
  const { client, library } = h;

  h.check("delete: the stream is gone, comes back, and goes on numbering", async () => {
    const stream = fresh();
    await h.append(stream, h.many(3));
    const { position } = await client.deleteStream(stream, { expectedRevision: 2n });
    assert.ok(position.commit > 0n);
    const error = await refused(all(client.readStream(stream)));
    assert.ok(error instanceof library.StreamNotFoundError, String(error));
    const result = await h.append(stream, h.many(1, "back"), "no_stream");
    assert.equal(result.nextExpectedRevision, 3n);
    assert.deepEqual(typesOf(await all(client.readStream(stream))), ["back-0"]);
  });

  h.check("delete: an expectation that does not hold", async () => {
    const stream = fresh();
    await h.append(stream, h.many(3));
    const error = await refused(client.deleteStream(stream, { expectedRevision: 7n }));
    assert.ok(error instanceof library.WrongExpectedVersionError, String(error));
    assert.equal(error.streamName, stream);
    assert.equal(error.actualVersion ?? error.actualState, 2n);
    assert.equal(error.expectedVersion ?? error.expectedState, 7n);
    const missing = await refused(client.deleteStream(fresh(), { expectedRevision: "no_stream" }));
    assert.ok(missing instanceof library.WrongExpectedVersionError, String(missing));
  });

  h.check("tombstone: the stream is gone for ever", async () => {
    const stream = fresh();
    await h.append(stream, h.many(1));
    await client.tombstoneStream(stream, { expectedRevision: "any" });
    for (const attempt of [
      () => h.append(stream, h.many(1)),
      () => h.append(stream, h.many(1), "any", { credentials: { username: "admin", password: "changeit" } }),
      () => all(client.readStream(stream)),
      () => client.deleteStream(stream),
      () => client.tombstoneStream(stream),
    ]) {
      const error = await refused(attempt());
      assert.ok(error instanceof library.StreamDeletedError, `${attempt}: ${error}`);
      assert.equal(error.streamName, stream);
    }
    await client.tombstoneStream(fresh(), { expectedRevision: "no_stream" });
  });

  h.check("errors: a name that does not fit a header", async () => {
    const stream = fresh("straße/übung €");
    await h.append(stream, h.many(1));
    await client.tombstoneStream(stream);
    const error = await refused(client.deleteStream(stream));
    assert.ok(error instanceof library.StreamDeletedError, String(error));
  });
}

function metadata(h) {
  const { client } = h;

  h.check("metadata: comes back as it was set, and the newest counts", async () => {
    const stream = fresh();
    await h.append(stream, h.many(1));
    assert.equal((await client.getStreamMetadata(stream)).metadata, undefined);
    const acl = { readRoles: ["$all"], writeRoles: ["a", "b"], deleteRoles: ["$admins"], metaReadRoles: ["$all"], metaWriteRoles: ["$admins"] };
    await client.setStreamMetadata(stream, { maxCount: 9 });
    await client.setStreamMetadata(stream, { maxAge: 600, maxCount: 10, cacheControl: 5, truncateBefore: 0, acl, own: "word" });
    const { metadata } = await client.getStreamMetadata(stream);
    assert.equal(metadata.maxAge, 600);
    assert.equal(metadata.maxCount, 10);
    assert.equal(metadata.own, "word");
    assert.deepEqual(metadata.acl.writeRoles, ["a", "b"]);
  });

  h.check("metadata: count and truncation hide events", async () => {
    const stream = fresh();
    await h.append(stream, h.many(5));
    await client.setStreamMetadata(stream, { maxCount: 2 });
    assert.deepEqual(typesOf(await all(client.readStream(stream))), ["type-3", "type-4"]);
    await client.setStreamMetadata(stream, { truncateBefore: 4 });
    assert.deepEqual(typesOf(await all(client.readStream(stream))), ["type-4"]);
  });
}
