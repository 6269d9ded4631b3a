// Persistent subscriptions: to streams and to $all, every answer a reader can give, information, errors.

import assert from "node:assert/strict";
import { fresh, listen, refused, typesOf, until } from "./harness.mjs";

export function persistent(h) {
  const library = h.library;
  const onStream = {
    settings: library.persistentSubscriptionToStreamSettingsFromDefaults,
    create: (s, g, settings) => h.client.createPersistentSubscriptionToStream(s, g, settings),
    update: (s, g, settings) => h.client.updatePersistentSubscriptionToStream(s, g, settings),
    remove: (s, g) => h.client.deletePersistentSubscriptionToStream(s, g),
    subscribe: (s, g, options) => h.client.subscribeToPersistentSubscriptionToStream(s, g, options),
    replay: (s, g, options) => h.client.replayParkedMessagesToStream(s, g, options),
    info: (s, g) => h.client.getPersistentSubscriptionToStreamInfo(s, g),
    list: (s) => h.client.listPersistentSubscriptionsToStream(s),
    source: (s) => s,
  };
  const onAll = {
    settings: library.persistentSubscriptionToAllSettingsFromDefaults,
    // The stream plays the part of a filter, so that the same checks fit.
    create: (s, g, settings) =>
      h.client.createPersistentSubscriptionToAll(g, settings, { filter: library.streamNameFilter({ prefixes: [s] }) }),
    update: (_, g, settings) => h.client.updatePersistentSubscriptionToAll(g, settings),
    remove: (_, g) => h.client.deletePersistentSubscriptionToAll(g),
    subscribe: (_, g, options) => h.client.subscribeToPersistentSubscriptionToAll(g, options),
    replay: (_, g, options) => h.client.replayParkedMessagesToAll(g, options),
    info: (_, g) => h.client.getPersistentSubscriptionToAllInfo(g),
    list: () => h.client.listPersistentSubscriptionsToAll(),
    source: () => "$all",
  };
  for (const [name, kind] of Object.entries({ stream: onStream, $all: onAll })) {
    delivery(h, name, kind);
    answers(h, name, kind);
    management(h, name, kind);
    errors(h, name, kind);
  }
  h.check("persistent: restart drops the readers", async () => {
    const [stream, group] = [fresh(), fresh("group")];
    await onStream.create(stream, group, onStream.settings());
    const heard = listen(onStream.subscribe(stream, group));
    await until("confirmed", () => heard.confirmed);
    await h.client.restartPersistentSubscriptionSubsystem();
    const error = await heard.end();
    assert.ok(error instanceof library.PersistentSubscriptionDroppedError, String(error));
    assert.equal((await onStream.info(stream, group)).groupName, group);
  });
  h.check("persistent: all groups are listed", async () => {
    const [stream, group] = [fresh(), fresh("group")];
    await onStream.create(stream, group, onStream.settings());
    const list = await h.client.listAllPersistentSubscriptions();
    assert.ok(list.some(({ eventSource, groupName }) => eventSource === stream && groupName === group));
  });
}

function delivery(h, name, kind) {
  h.check(`persistent (${name}): old and new events, each once`, async () => {
    const [stream, group] = [fresh(), fresh("group")];
    await h.append(stream, h.many(3));
    await kind.create(stream, group, kind.settings({ startFrom: "start" }));
    const subscription = kind.subscribe(stream, group);
    const heard = listen(subscription);
    subscription.on("data", (event) => subscription.ack(event));
    await heard.many(3);
    await h.append(stream, h.many(2, "new"));
    const events = await heard.many(5);
    assert.deepEqual(typesOf(events), ["type-0", "type-1", "type-2", "new-0", "new-1"]);
    assert.ok(events.every(({ retryCount }) => retryCount === 0));
    await subscription.unsubscribe();
  });

  h.check(`persistent (${name}): from the end`, async () => {
    const [stream, group] = [fresh(), fresh("group")];
    await h.append(stream, h.many(3));
    await kind.create(stream, group, kind.settings({ startFrom: "end" }));
    await h.append(stream, h.many(1, "new"));
    const subscription = kind.subscribe(stream, group);
    assert.deepEqual(typesOf(await listen(subscription).many(1)), ["new-0"]);
    await subscription.unsubscribe();
  });

  h.check(`persistent (${name}): no more than the buffer holds`, async () => {
    const [stream, group] = [fresh(), fresh("group")];
    await h.append(stream, h.many(10));
    await kind.create(stream, group, kind.settings({ startFrom: "start" }));
    const subscription = kind.subscribe(stream, group, { bufferSize: 3 });
    const heard = listen(subscription);
    await heard.many(3);
    const { stats, connections } = await kind.info(stream, group);
    assert.equal(stats.totalInFlightMessages, 3);
    assert.equal(connections[0].availableSlots, 0);
    await subscription.ack(heard.events[0], heard.events[1]);
    assert.deepEqual(typesOf(await heard.many(5)), [0, 1, 2, 3, 4].map((i) => `type-${i}`));
    await subscription.unsubscribe();
  });

  h.check(`persistent (${name}): readers share the events, and leave theirs behind`, async () => {
    const [stream, group] = [fresh(), fresh("group")];
    await kind.create(stream, group, kind.settings({ startFrom: "start" }));
    const readers = [kind.subscribe(stream, group), kind.subscribe(stream, group)];
    const heard = readers.map(listen);
    await until("both confirmed", () => heard.every(({ confirmed }) => confirmed));
    await h.append(stream, h.many(8));
    await until("eight events", () => heard[0].events.length + heard[1].events.length === 8);
    assert.deepEqual(heard.map(({ events }) => events.length), [4, 4]);
    await readers[0].unsubscribe();
    const events = await heard[1].many(8);
    assert.equal(new Set(typesOf(events)).size, 8);
    assert.deepEqual(events.slice(4).map(({ retryCount }) => retryCount), [1, 1, 1, 1]);
    await readers[1].unsubscribe();
  });

  h.check(`persistent (${name}): links, acknowledged as what they are`, async () => {
    const [target, stream, group] = [fresh("target"), fresh(), fresh("group")];
    await h.append(target, h.many(2));
    await h.append(stream, [h.link(target, 1), h.link(target, 0)]);
    await kind.create(stream, group, kind.settings({ startFrom: "start", resolveLinkTos: true }));
    const subscription = kind.subscribe(stream, group, { bufferSize: 1 });
    const heard = listen(subscription);
    subscription.on("data", (event) => subscription.ack(event));
    const events = await heard.many(2);
    assert.deepEqual(typesOf(events), ["type-1", "type-0"]);
    assert.ok(events.every(({ link }) => link.streamId === stream));
    await subscription.unsubscribe();
  });
}

function answers(h, name, kind) {
  // begin makes a group with three events and a reader that holds one at a time.
  const begin = async (changes = {}) => {
    const [stream, group] = [fresh(), fresh("group")];
    await h.append(stream, h.many(3));
    await kind.create(stream, group, kind.settings({ startFrom: "start", ...changes }));
    const subscription = kind.subscribe(stream, group, { bufferSize: 1 });
    return { stream, group, subscription, heard: listen(subscription) };
  };

  h.check(`persistent (${name}): nack retry, before anything new, until it is parked`, async () => {
    const { stream, group, subscription, heard } = await begin({ maxRetryCount: 2 });
    for (let i = 1; i <= 3; i++) {
      const events = await heard.many(i);
      await subscription.nack("retry", "again", events[i - 1]);
    }
    const events = await heard.many(4);
    assert.deepEqual(typesOf(events), ["type-0", "type-0", "type-0", "type-1"]);
    assert.deepEqual(events.map(({ retryCount }) => retryCount), [0, 1, 2, 0]);
    assert.equal((await kind.info(stream, group)).stats.parkedMessageCount, 1n);
    await subscription.unsubscribe();
  });

  h.check(`persistent (${name}): nack park, and replay`, async () => {
    const { stream, group, subscription, heard } = await begin();
    for (let i = 1; i <= 3; i++) {
      const events = await heard.many(i);
      await subscription.nack("park", "not now", events[i - 1]);
    }
    await until("all parked", async () => (await kind.info(stream, group)).stats.parkedMessageCount === 3n);
    subscription.on("data", (event) => subscription.ack(event));
    await kind.replay(stream, group, { stopAt: 2 });
    assert.deepEqual(typesOf((await heard.many(5)).slice(3)), ["type-0", "type-1"]);
    assert.equal((await kind.info(stream, group)).stats.parkedMessageCount, 1n);
    await kind.replay(stream, group);
    assert.deepEqual(typesOf((await heard.many(6)).slice(5)), ["type-2"]);
    await until("none parked", async () => (await kind.info(stream, group)).stats.parkedMessageCount === 0n);
    await subscription.unsubscribe();
  });

  for (const action of ["skip", "stop"]) {
    h.check(`persistent (${name}): nack ${action}`, async () => {
      const { stream, group, subscription, heard } = await begin();
      await subscription.nack(action, "no", (await heard.many(1))[0]);
      assert.deepEqual(typesOf(await heard.many(2)), ["type-0", "type-1"]);
      assert.equal((await kind.info(stream, group)).stats.parkedMessageCount, 0n);
      await subscription.unsubscribe();
    });
  }

  h.check(`persistent (${name}): what is not answered in time comes again`, async () => {
    const { subscription, heard } = await begin({ messageTimeout: 50 });
    const events = await heard.many(2);
    assert.deepEqual(events.slice(0, 2).map(({ retryCount }) => retryCount), [0, 1]);
    assert.deepEqual(typesOf(events.slice(0, 2)), ["type-0", "type-0"]);
    await subscription.unsubscribe();
  });
}

function management(h, name, kind) {
  h.check(`persistent (${name}): settings come back as they were given`, async () => {
    const [stream, group] = [fresh(), fresh("group")];
    const settings = kind.settings({
      startFrom: "start", resolveLinkTos: true, extraStatistics: true, messageTimeout: 1234, maxRetryCount: 3,
      checkPointAfter: 567, checkPointLowerBound: 1, checkPointUpperBound: 1, maxSubscriberCount: 4, liveBufferSize: 11,
      readBatchSize: 12, historyBufferSize: 13, consumerStrategyName: "Pinned",
    });
    await h.append(stream, h.many(3));
    await kind.create(stream, group, settings);
    let info = await kind.info(stream, group);
    assert.deepEqual(info.settings, settings);
    assert.equal(info.eventSource, kind.source(stream));
    assert.equal(info.groupName, group);
    assert.equal(info.connections.length, 0);
    // A group on $all may have looked at events that do not concern it, and noted how far it has come.
    assert.equal(info.stats.lastCheckpointedEventRevision, undefined);
    const subscription = kind.subscribe(stream, group);
    const heard = listen(subscription);
    subscription.on("data", (event) => subscription.ack(event));
    await heard.many(3);
    info = await until("a checkpoint", async () => {
      const now = await kind.info(stream, group);
      const at = now.stats.lastCheckpointedEventRevision ?? now.stats.lastCheckpointedEventPosition?.commit;
      return at >= (heard.events[2].event.position?.commit ?? 2n) || at === 2n ? now : undefined;
    });
    assert.equal(info.status, "Live");
    assert.equal(info.connections[0].username, "anonymous");
    assert.equal(info.connections[0].totalItems, 3n);
    assert.ok(info.connections[0].extraStatistics.has("quintile 3"));
    assert.ok((info.stats.lastKnownEventRevision ?? info.stats.lastKnownEventPosition) !== undefined);
    await subscription.unsubscribe();
  });

  h.check(`persistent (${name}): update changes the settings and drops the readers`, async () => {
    const [stream, group] = [fresh(), fresh("group")];
    await kind.create(stream, group, kind.settings({ startFrom: "start" }));
    const heard = listen(kind.subscribe(stream, group));
    await until("confirmed", () => heard.confirmed);
    await kind.update(stream, group, kind.settings({ startFrom: "start", maxRetryCount: 77, consumerStrategyName: "DispatchToSingle" }));
    const error = await heard.end();
    assert.ok(error instanceof h.library.PersistentSubscriptionDroppedError, String(error));
    const { settings } = await kind.info(stream, group);
    assert.equal(settings.maxRetryCount, 77);
    assert.equal(settings.consumerStrategyName, "DispatchToSingle");
  });

  h.check(`persistent (${name}): groups are listed, and gone when deleted`, async () => {
    const [stream, groups] = [fresh(), [fresh("group"), fresh("group")]];
    for (const group of groups) {
      await kind.create(stream, group, kind.settings());
    }
    const listed = (await kind.list(stream)).map(({ groupName }) => groupName);
    assert.ok(groups.every((group) => listed.includes(group)));
    const heard = listen(kind.subscribe(stream, groups[0]));
    await until("confirmed", () => heard.confirmed);
    await kind.remove(stream, groups[0]);
    const dropped = await heard.end();
    assert.ok(dropped instanceof h.library.PersistentSubscriptionDoesNotExistError, String(dropped));
    assert.ok(!(await kind.list(stream)).some(({ groupName }) => groupName === groups[0]));
    await kind.create(stream, groups[0], kind.settings());
  });
}

function errors(h, name, kind) {
  h.check(`persistent (${name}): errors, with the names in them`, async () => {
    const { library } = h;
    const [stream, group] = [fresh(), fresh("group")];
    const missing = [
      () => kind.update(stream, group, kind.settings()),
      () => kind.remove(stream, group),
      () => kind.info(stream, group),
      () => kind.replay(stream, group),
      () => listen(kind.subscribe(stream, group)).end().then((error) => Promise.reject(error)),
    ];
    for (const attempt of missing) {
      const error = await refused(attempt());
      assert.ok(error instanceof library.PersistentSubscriptionDoesNotExistError, `${attempt}: ${error}`);
      assert.equal(error.streamName, kind.source(stream));
      assert.equal(error.groupName, group);
    }
    await kind.create(stream, group, kind.settings({ maxSubscriberCount: 1 }));
    const exists = await refused(kind.create(stream, group, kind.settings()));
    assert.ok(exists instanceof library.PersistentSubscriptionExistsError, String(exists));
    const first = kind.subscribe(stream, group);
    const heard = listen(first);
    await until("confirmed", () => heard.confirmed);
    const full = await listen(kind.subscribe(stream, group)).end();
    assert.ok(full instanceof library.PersistentSubscriptionMaximumSubscribersReachedError, String(full));
    await first.unsubscribe();
    const failed = await refused(kind.create(stream, fresh("group"), kind.settings({ readBatchSize: 10, historyBufferSize: 10 })));
    assert.ok(failed instanceof library.PersistentSubscriptionFailedError, String(failed));
    assert.equal(failed.reason, "ReadBatchSize may not be greater than or equal to BufferSize");
  });
}
