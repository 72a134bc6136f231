-- The steps of one letter, as in the machine of @seaworthy/dead-letter. Each changes the record, the places and the audit.

-- Greater than all before, also after a failover that lost the last ones: the time goes on.
function letters.newFence(queue)
  local last = tonumber(redis.call('HGET', queue.meta, 'fence') or 0)
  local fence = math.max(last + 1, queue.microseconds)
  redis.call('HSET', queue.meta, 'fence', fence)
  return fence
end

function letters.isSettled(record)
  return record[SETTLED] ~= false
end

-- Whether somebody holds it now. At the very end of a lease nobody does.
function letters.isHeld(queue, record)
  return record[UNTIL] ~= false and record[UNTIL] > queue.now
end

function letters.leaseLeft(queue, record)
  return math.max(0, (record[UNTIL] or queue.now) - queue.now)
end

local function become(queue, sequence, record, state, event, actor, reason, change)
  local from = record[STATE]
  letters.displace(queue, { { sequence = sequence, record = record } })
  record[STATE] = state
  change()
  letters.place(queue, sequence, record)
  letters.note(queue, sequence, record, event, from, state, actor, reason)
end

-- To `leased` or `replaying`, or on to another holder.
function letters.hold(queue, sequence, record, state, lease, event, actor, reason)
  become(queue, sequence, record, state, event, actor, reason, function()
    record[OWNER], record[FENCE], record[UNTIL] = lease.owner, lease.fence, lease.ends
  end)
end

-- Back to `dead`.
function letters.release(queue, sequence, record, due, attempts, event, actor, reason)
  become(queue, sequence, record, 'dead', event, actor, reason, function()
    record[OWNER], record[FENCE], record[UNTIL] = false, false, false
    record[DUE], record[ATTEMPTS] = due, attempts
  end)
end

-- To a state that is for ever. The payload goes, and so do the letters that were settled first, if there are too many by now.
function letters.finish(queue, sequence, record, state, fence, keepSettled, actor, reason)
  become(queue, sequence, record, state, state, actor, reason, function()
    record[OWNER], record[FENCE], record[UNTIL] = false, fence, false
    record[DUE], record[SETTLED] = false, queue.now
  end)
  letters.writePayload(queue, sequence, record, '')
  local surplus = redis.call('ZCARD', queue.settled) - keepSettled
  if surplus > 0 then
    local oldest = redis.call('ZRANGE', queue.settled, 0, math.min(surplus, 100) - 1)
    letters.remove(queue, letters.removals(queue, queue.settled, oldest, 'settled'), 'expired', 'overflow')
  end
end
