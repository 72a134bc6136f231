/** Changes to the scripts that make them wrong, each in one way. The contract must catch every one. */

export const wrongScripts: Readonly<Record<string, readonly [right: string, wrong: string]>> = {
  'grants do not look at the lease': [
    "if record.leaseUntil > now then\n    return { 'inFlight'",
    "if false then\n    return { 'inFlight'",
  ],
  'leases never end': ['if record.leaseUntil > now then', 'if true then'],
  'takes over unasked': ["ARGV[at + 4] == '1'", 'true'],
  'never takes over': ["ARGV[at + 4] == '1'", 'false'],
  'a claim sent twice locks itself out': ['if record.owner == owner then', 'if false then'],
  'a claim sent twice has no new lease': [
    'if record.owner == owner then\n    return granted()',
    'if record.owner == owner then\n    return answer(record)',
  ],
  'fences are the clock in seconds': [
    'record.fence = math.max(now, record.fence + 1)',
    'record.fence = math.floor(now / 1000000)',
  ],
  'fences are attempts': [
    'record.fence = math.max(now, record.fence + 1)',
    'record.fence = record.attempt + 1',
  ],
  'attempts are not counted': ['record.attempt = record.attempt + 1', ''],
  'fingerprints are not compared': ['record.fingerprint ~= fingerprint then', 'false then'],
  'fingerprints are compared when work is done only': [
    "if record.fingerprint ~= '' and",
    "if record.state == 'completed' and record.fingerprint ~= '' and",
  ],
  'an empty fingerprint replaces the first': [
    "if fingerprint ~= '' then record.fingerprint = fingerprint end",
    'record.fingerprint = fingerprint',
  ],
  'the error of the last failure is lost': [
    "record.state, record.grant, record.owner = 'inFlight', kind, owner",
    "record.state, record.grant, record.owner, record.payload = 'inFlight', kind, owner, false",
  ],
  'failures for good are tried again': [
    "if record.state == 'completed' or record.state == 'failed' then",
    "if record.state == 'failed' then return grant('retried') end\nif record.state == 'completed' then",
  ],
  'holds does not look at the owner': ['record.owner == owner and record.fence', 'record.fence'],
  'holds does not look at the fence': [
    'record.owner == owner and record.fence == tonumber(fence)',
    'record.owner == owner',
  ],
  'settles what is settled': ["if record.state ~= 'inFlight' then return 'already' end", ''],
  'settles what is not there': [
    "if not record then return 'gone' end\n  if not idempotency.holds",
    "if not record then return 'stored' end\n  if not idempotency.holds",
  ],
  'renews what is settled': ["record.state ~= 'inFlight' or not idempotency.holds", 'not idempotency.holds'],
  'renewals do not keep the record': [
    'idempotency.write(key, record, retain)\n-- Given up',
    "idempotency.write(key, record, redis.call('PTTL', key))\n-- Given up",
  ],
  'renewals have no effect': ['record.leaseUntil = idempotency.now() + lease * 1000\n', ''],
  'records have no expiry': ["idempotency.textOf(record), 'PX', retain)", 'idempotency.textOf(record))'],
  'records expire with the lease': [
    'idempotency.write(key, record, retain)\n    return answer',
    'idempotency.write(key, record, lease)\n    return answer',
  ],
  'an omitted result is an empty one': ['payload = payload,', "payload = payload or '',"],
  'a result is kept as what Lua takes it for': [
    'payload = payload,',
    'payload = tonumber(payload) or payload,',
  ],
  'owner and fingerprint change places': [
    'record.owner, record.fingerprint,',
    'record.fingerprint, record.owner,',
  ],
  'fences are kept in milliseconds': [
    'record.fence, record.attempt, record.leaseUntil',
    'math.floor(record.fence / 1000) * 1000, record.attempt, record.leaseUntil',
  ],
  'forgetting does not look at the fence': [
    "if fence ~= '' and record.fence ~= tonumber(fence) then return 'stale' end",
    '',
  ],
  'forgetting forgets nothing': ["redis.call('DEL', key)", ''],
  'nobody is woken': ["redis.pcall('PUBLISH', key, '')", ''],
  'giving up wakes nobody': ['if lease == 0 then idempotency.wake(key) end', ''],
  'abandoned records look alive': ["if leaseLeft == 0 then record.state = 'abandoned' end", ''],
  'many claims ask what the first asks': ['local at = index * 5 - 4', 'local at = 1'],
  'many claims are for one key': ['claim(key, ARGV[at]', 'claim(KEYS[1], ARGV[at]'],
  'many claims end with the first that is refused': [
    "ARGV[at + 4] == '1')",
    "ARGV[at + 4] == '1')\n  if answers[index][1] == 'inFlight' then break end",
  ],
}
