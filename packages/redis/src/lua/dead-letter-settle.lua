-- Ends a lease as its holder wishes.
-- ARGV  1 audit limit  2 settled letters to keep  3 id  4 fence  5 outcome  6 when it is due ('' for never)  7 actor  8 reason
local queue = letters.open(1, ARGV[1])
local sequence, record = letters.find(queue, ARGV[3])
if not sequence then return 'missing' end
local fence, outcome, actor, reason = tonumber(ARGV[4]), ARGV[5], ARGV[7], ARGV[8]
local due = ARGV[6] ~= '' and queue.now + ARGV[6]
local state = record[STATE]
if record[FENCE] ~= fence then return 'stale' end

local function finish(final)
  letters.finish(queue, sequence, record, final, fence, tonumber(ARGV[2]), actor, reason)
  return 'done'
end

-- The same settlement again, after its answer was lost, finds what it did.
if letters.isSettled(record) then
  local final = outcome == 'replay' and letters.publish and 'replayed' or outcome
  return state == final and 'done' or 'stale'
end
if state == 'replaying' then
  if outcome == 'replayed' then return finish('replayed') end
  if outcome == 'failed' then
    letters.release(queue, sequence, record, due, record[ATTEMPTS] + 1, 'replayFailed', actor, reason)
    return 'done'
  end
  return outcome == 'replay' and 'done' or 'stale'
end
if outcome == 'returned' then
  letters.release(queue, sequence, record, due, record[ATTEMPTS], 'returned', actor, reason)
  return 'done'
end
if outcome == 'resolved' or outcome == 'discarded' then return finish(outcome) end
if outcome ~= 'replay' then return 'stale' end
if letters.publish then
  letters.publish(queue, sequence, record, letters.text(queue, sequence, record, 'payload'))
  return finish('replayed')
end
local lease = { owner = record[OWNER], fence = fence, ends = record[UNTIL] }
letters.hold(queue, sequence, record, 'replaying', lease, 'replaying', actor, reason)
return 'done'
