/** Changes to the scripts that make them wrong, each in one way. The contract must catch every one. */

/** What is replaced, and by what. */
type Change = readonly [find: string, replacement: string]

export const wrongScripts: Readonly<Record<string, Change>> = {
  'grants do not look at the lease': [
    "if record.leaseUntil > now then\n  return { 'inFlight'",
    "if false then\n  return { 'inFlight'",
  ],
  'leases never end': ['if record.leaseUntil > now then', 'if true then'],
  'takes over unasked': ["ARGV[5] == '1'", 'true'],
  'never takes over': ["ARGV[5] == '1'", 'false'],
  'a claim sent twice locks itself out': ['if record.owner == owner then', 'if false then'],
  'a claim sent twice has no new lease': [
    'if record.owner == owner then\n  return granted(record)',
    'if record.owner == owner then\n  return { record.grant, record.fence, record.attempt, record.payload }',
  ],
  'fences are the clock in seconds': [
    'fence = math.max(now, before.fence + 1)',
    'fence = math.floor(now / 1000000)',
  ],
  'fences are attempts': ['fence = math.max(now, before.fence + 1)', 'fence = before.attempt + 1'],
  'attempts are not counted': ['attempt = before.attempt + 1', 'attempt = 1'],
  'fingerprints are not compared': ['record.fingerprint ~= fingerprint then', 'false then'],
  'fingerprints are compared when work is done only': [
    "if record.fingerprint ~= '' and",
    "if record.state == 'completed' and record.fingerprint ~= '' and",
  ],
  'an empty fingerprint replaces the first': [
    "fingerprint ~= '' and fingerprint or before.fingerprint",
    'fingerprint',
  ],
  'the error of the last failure is lost': ['payload = before.payload,', 'payload = false,'],
  'failures for good are tried again': [
    "if record.state == 'completed' or record.state == 'failed' then",
    "if record.state == 'failed' then return grant('retried', record) end\nif record.state == 'completed' then",
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
  'records have no expiry': ["text, 'PX', retain)", 'text)'],
  'records expire with the lease': [
    'idempotency.write(key, record, retain)\n  return {',
    'idempotency.write(key, record, lease)\n  return {',
  ],
  'an omitted result is an empty one': ["payload = payload == 'kept' and string.sub", 'payload = string.sub'],
  'lengths are those of another text': ['#record.owner,', '#record.fingerprint,'],
  'numbers are printed by Lua': ["return string.format('%.0f', number)", 'return tostring(number)'],
  'forgetting does not look at the fence': [
    "if fence ~= '' and record.fence ~= tonumber(fence) then return 'stale' end",
    '',
  ],
  'forgetting forgets nothing': ["redis.call('DEL', key)", ''],
  'nobody is woken': ["redis.pcall('PUBLISH', key, '')", ''],
  'giving up wakes nobody': ['if lease == 0 then idempotency.wake(key) end', ''],
  'abandoned records look alive': ["if leaseLeft == 0 then record.state = 'abandoned' end", ''],
}
