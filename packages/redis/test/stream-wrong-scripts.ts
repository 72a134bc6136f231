/** Changes to the scripts of streams that make them wrong, each in one way. The conformance kit must notice every one. */
import type { Mistake } from './wrong-scripts.ts'

const byItself = 'commits: judge each by itself'
const burials = 'burials: '
const nobodyElse = 'is nobody else, and nobody of the past'

export const streamMistakes: readonly Mistake[] = [
  {
    mistake: 'takes the word of any owner',
    right: 'local found = pending(first, last, limit, owner)',
    wrong: 'local found = pending(first, last, limit)',
    noticedBy: nobodyElse,
  },
  {
    mistake: 'does not look at the number of the hand-out',
    right: "for _, row in ipairs(found) do rows[row[1] .. '.' .. row[4]] = row end",
    wrong: "for _, row in ipairs(found) do for n = 1, 9 do rows[row[1] .. '.' .. n] = row end end",
    noticedBy: nobodyElse,
  },
  {
    mistake: 'acknowledges and leaves the entry in the stream',
    right: "callEach({ 'XDEL', stream }, ids)",
    wrong: '',
    noticedBy: 'acknowledges, several at once',
  },
  {
    mistake: 'ends an entry and leaves it pending',
    right: "callEach({ 'XACK', stream, group }, ids)",
    wrong: '',
    noticedBy: 'acknowledges, several at once',
  },
  {
    mistake: 'counts a start as often as it is told',
    right: 'if marked ~= row[4] then',
    wrong: 'if true then',
    noticedBy: 'counts a start once for each hand-out',
  },
  {
    mistake: 'makes a hand-back cost a start',
    right: 'if item.started then item.starts = item.starts - 1 end',
    wrong: '',
    noticedBy: 'hands back at no cost',
  },
  {
    mistake: 'makes a hand-back cost a delivery',
    right: 'item.deliveries = item.deliveries - 1',
    wrong: '',
    noticedBy: 'hands back at no cost',
  },
  {
    mistake: 'keeps the counts of crashes after a failure that was reported',
    right: 'item.deliveries, item.starts, item.failures = 0, 0, item.failures + 1',
    wrong: 'item.failures = item.failures + 1',
    noticedBy: 'a reported failure clears the count',
  },
  {
    mistake: 'beats without resetting the silence',
    right: "callEach({ 'XCLAIM', stream, group, owner, 0 }, ids, 'JUSTID')",
    wrong: '',
    noticedBy: 'verify 50',
  },
  {
    mistake: 'counts a beat as a hand-out',
    right: "callEach({ 'XCLAIM', stream, group, owner, 0 }, ids, 'JUSTID')",
    wrong: "callEach({ 'XCLAIM', stream, group, owner, 0 }, ids)",
    noticedBy: 'verify 50',
  },
  {
    mistake: 'takes over without looking at the silence',
    right: "pending('IDLE', minIdle, cursor",
    wrong: "pending('IDLE', 0, cursor",
    noticedBy: 'verify 50',
  },
  {
    mistake: 'takes over without counting the hand-out',
    right: "'RETRYCOUNT', item.handOut, 'JUSTID')",
    wrong: "'JUSTID')",
    noticedBy: 'hands poison over when deliveries reach',
  },
  {
    mistake: 'never takes anything for poison',
    right: 'elseif item.starts >= maxStarts or item.deliveries >= maxDeliveries then',
    wrong: 'elseif false then',
    noticedBy: 'verify 48',
  },
  {
    mistake: 'takes suspects without end',
    right: 'suspectsLeft = suspectsLeft - 1',
    wrong: '',
    noticedBy: 'takes no more suspects than asked',
  },
  {
    mistake: 'republishes with fresh counts',
    right: '  remove({ item.id })\n  place(item, 0)\n  returns',
    wrong: '  remove({ item.id })\n  item.deliveries = 0\n  place(item, 0)\n  returns',
    noticedBy: 'lets them wait for anybody in mode republish',
  },
  {
    mistake: 'takes more than there is room for',
    right: 'if count > room then',
    wrong: 'if room == 0 then',
    noticedBy: 'refuses what is too much',
  },
  {
    mistake: 'takes a part of what belongs together',
    right: "ARGV[3] == 'each' and room or 0",
    wrong: 'room',
    noticedBy: 'refuses what is too much',
  },
  {
    mistake: 'refuses all that come together when they are too many',
    right: "ARGV[3] == 'each' and room or 0",
    wrong: '0',
    noticedBy: 'each by itself',
  },
  {
    mistake: 'says that it took all of them',
    right: "audit('enqueued', '', '', steps)\nreturn count",
    wrong: "audit('enqueued', '', '', steps)\nreturn (#ARGV - 3) / 5",
    noticedBy: 'each by itself',
  },
  {
    mistake: 'gives all that come together one number',
    right: 'number = number + 1',
    wrong: '',
    noticedBy: 'each by itself',
  },
  {
    mistake: 'does not count what is due against the capacity',
    right: "- redis.call('ZCARD', due)",
    wrong: '',
    noticedBy: 'refuses what is too much',
  },
  {
    mistake: 'promotes and leaves the entry due',
    right: "callEach({ 'ZREM', due }, names)",
    wrong: '',
    noticedBy: 'promotes soonest due first',
  },
  {
    mistake: 'promotes what is not due',
    right: "'ZRANGEBYSCORE', due, '-inf', now",
    wrong: "'ZRANGEBYSCORE', due, '-inf', '+inf'",
    noticedBy: 'lets a task wait that is not due',
  },
  {
    mistake: 'resends what the owner knows',
    right: "not known[row[1] .. '.' .. row[4]] and load(row)",
    wrong: 'load(row)',
    noticedBy: 'hands out again what was handed out and is not known',
  },
  {
    mistake: 'lets an owner leave with what it holds',
    right: "if #pending('-', '+', 1, name) == 0 then",
    wrong: 'if true then',
    noticedBy: 'leave when they hold nothing',
  },
  {
    mistake: 'forgets owners that are alive',
    right: "'-inf', now - ARGV[3]",
    wrong: "'-inf', now",
    noticedBy: 'are forgotten when they hold nothing',
  },
  {
    mistake: 'loses the previous owner',
    right: 'return delivery(item, row[2])',
    wrong: 'return delivery(item)',
    noticedBy: 'claims with one delivery more, and says from whom',
  },
  {
    mistake: 'looks at the fence of the first task only',
    right: "unpack(ARGV, at + 2, at + 7)) == 'stale' then",
    wrong: "unpack(ARGV, at + 2, at + 7)) == 'stale' and index == 1 then",
    noticedBy: byItself,
  },
  {
    mistake: 'stops a commit at the first that is stale',
    right: "answers[index] = 'stale'",
    wrong: "answers[index] = 'stale' break",
    noticedBy: byItself,
  },
  {
    mistake: 'commits nothing if one of them is lost',
    right: "answers[index] = 'lost'",
    wrong: "for each = 1, #receipts do answers[each] = 'lost' end return answers",
    noticedBy: byItself,
  },
  {
    mistake: 'commits with the receipt of somebody else',
    right: 'local found = pending(first, last, limit, owner)',
    wrong: 'local found = pending(first, last, limit)',
    noticedBy: byItself,
  },
  {
    mistake: 'settles the record of a task that is lost',
    right: "answers[index] = 'lost'",
    wrong:
      "answers[index] = 'lost' idempotency.settle(key, idempotency.read(key), unpack(ARGV, at + 2, at + 7))",
    noticedBy: byItself,
  },
  {
    mistake: 'acknowledges what is stale',
    right: "answers[index] = 'stale'",
    wrong: "answers[index] = 'stale' ids[#ids + 1] = row[1]",
    noticedBy: byItself,
  },
  {
    mistake: 'settles the record of its neighbour',
    right: 'local key, at = KEYS[7 + index]',
    wrong: 'local key, at = KEYS[8]',
    noticedBy: byItself,
  },
  {
    mistake: 'ends a task as often as it is told',
    right: 'held[receipt] = nil\n    ids[',
    wrong: 'ids[',
    noticedBy: 'commits: answer lost to what was ended before',
  },
  {
    mistake: 'settles a record twice',
    right: 'idempotency.settle(key, records[key],',
    wrong:
      'idempotency.settle(key, records[key] and { state = "inFlight", owner = records[key].owner, grant = "acquired", fence = records[key].fence, attempt = 1, leaseUntil = 1, fingerprint = "" },',
    noticedBy: 'commits: settle a record once',
  },
  {
    mistake: 'settles and does not acknowledge',
    right: 'acknowledge(owner, ids, steps)\nreturn answers',
    wrong: 'return answers',
    noticedBy: 'commits: end a task and its record in one step',
  },
  {
    mistake: 'acknowledges and does not settle',
    right: 'record.state = state\n',
    wrong: '',
    noticedBy: 'commits: end a task and its record in one step',
  },
  {
    mistake: 'tells the audit of the first only',
    right: 'if auditLimit > 0 then steps[#steps + 1] = toldStep(ARGV[at + 1], row) end',
    wrong: 'if index == 1 then steps[1] = toldStep(ARGV[at + 1], row) end',
    noticedBy: 'commits: keep what each left behind',
  },
  {
    mistake: 'ends the task before it knows that there is room',
    right:
      "local answer = letters.add(queue, settings, letter)\nif answer[1] == 'full' then return answer end\nremove({ id })",
    wrong:
      "remove({ id })\nlocal answer = letters.add(queue, settings, letter)\nif answer[1] == 'full' then return answer end",
    noticedBy: burials,
  },
  {
    mistake: 'writes the letter and leaves the task',
    right: "if answer[1] == 'full' then return answer end\nremove({ id })",
    wrong: "if answer[1] == 'full' then return answer end",
    noticedBy: burials,
  },
  {
    mistake: 'ends the task and writes no letter',
    right: 'local answer = letters.add(queue, settings, letter)',
    wrong: "local answer = { 'added', '0000000000000000000000-x', queue.now, {} }",
    noticedBy: burials,
  },
  {
    mistake: 'buries without looking whose task it is',
    right: "if not row then return letters.addedBefore(queue, letter) or { 'lost' } end",
    wrong: 'row = row or { id, owner, 0, 1 }',
    noticedBy: burials,
  },
  {
    mistake: 'writes the letter of a task that is in other hands',
    right: "or { 'lost' } end",
    wrong: "or (letters.add(queue, settings, letter) and { 'lost' }) end",
    noticedBy: burials,
  },
  {
    mistake: 'buries and does not count it',
    right: "redis.call('HINCRBY', totals, 'dead', 1)\naudit('dead', owner, reason,",
    wrong: "audit('dead', owner, reason,",
    noticedBy: burials,
  },
  {
    mistake: 'buries and does not audit it',
    right: "audit('dead', owner, reason, { step(item) })",
    wrong: '',
    noticedBy: 'burials: write the letter and end the task',
  },
  {
    mistake: 'does not know what it answered to a burial',
    right: "letters.addedBefore(queue, letter) or { 'lost' }",
    wrong: "{ 'lost' }",
    noticedBy: 'faults: a burial whose reply is lost',
  },
]
