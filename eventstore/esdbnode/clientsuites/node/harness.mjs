// What every check uses. A check is a name and a function that throws when the node did not do what it should; all of
// them run against one node, so each makes its own streams.

import { randomUUID } from "node:crypto";

const timeLimit = 20_000;

export class Harness {
  constructor(library, connection, secureConnection) {
    this.library = library;
    this.Client = library.EventStoreDBClient ?? library.KurrentDBClient;
    this.connection = connection;
    this.secureConnection = secureConnection;
    this.client = this.Client.connectionString(connection);
    this.kurrent = "KurrentDBClient" in library;
    this.checks = [];
  }

  check(name, run) {
    this.checks.push({ name, run });
  }

  // expecting names the expectation of an append as the client at hand does.
  expecting(value) {
    return this.kurrent ? { streamState: value } : { expectedRevision: value };
  }

  // run runs the checks one after the other and prints a line of JSON for each.
  async run() {
    let failed = 0;
    for (const { name, run } of this.checks) {
      let error;
      try {
        await within(run(), name);
      } catch (thrown) {
        error = String(thrown?.stack ?? thrown);
        failed++;
      }
      console.log(JSON.stringify({ check: name, error }));
    }
    await this.client.dispose();
    return failed;
  }

  json(type, data = { n: 1 }, metadata = undefined) {
    return this.library.jsonEvent({ id: randomUUID(), type, data, metadata });
  }

  many(count, prefix = "type") {
    return Array.from({ length: count }, (_, i) => this.json(`${prefix}-${i}`, { i }));
  }

  append(stream, events, expected = "any", options = {}) {
    return this.client.appendToStream(stream, events, { ...this.expecting(expected), ...options });
  }

  link(target, revision) {
    return this.library.binaryEvent({ type: "$>", data: Buffer.from(`${revision}@${target}`) });
  }
}

// fresh makes the name of a stream or group that was not there before.
export function fresh(prefix = "stream") {
  return `${prefix}-${randomUUID()}`;
}

export function within(promise, what, limit = timeLimit) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${limit} ms`)), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// until waits for a condition.
export async function until(what, condition) {
  const end = Date.now() + timeLimit;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`${what}: not within ${timeLimit} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

// all gathers what a read gives.
export async function all(read) {
  const list = [];
  for await (const resolved of read) {
    list.push(resolved);
  }
  return list;
}

export const typesOf = (list) => list.map(({ event }) => event.type);

// listen notes everything a subscription says, and lets one wait for it.
export function listen(subscription) {
  const heard = { events: [], errors: [], caughtUp: 0, checkpoints: [], confirmed: false };
  subscription.on("data", (resolved) => heard.events.push(resolved));
  subscription.on("error", (error) => heard.errors.push(error));
  subscription.on("caughtUp", () => heard.caughtUp++);
  subscription.on("confirmation", () => (heard.confirmed = true));
  heard.many = async (count) => {
    await until(`${count} events`, () => {
      if (heard.errors.length > 0) {
        throw heard.errors[0];
      }
      return heard.events.length >= count;
    });
    return heard.events;
  };
  heard.end = () => until("an error", () => heard.errors[0]);
  return heard;
}

// refused returns the error with which a promise is rejected.
export async function refused(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("this should have been refused");
}
