-- letters.publish: puts a letter on the stream as a task of its own, under its replay id and with a fresh budget. Defined only where the
-- stream is on the same node. Put it behind stream-entry.lua and dead-letter-common.lua.
-- KEYS  18 stream  19 totals  20 audit of the stream
-- ARGV  last: how many entries the audit of the stream keeps
function letters.publish(queue, sequence, record, text)
  local task = {
    id = letters.replayIdOf(sequence, record),
    payload = string.sub(text, record[SUMMARY] + record[DETAILS] + 1),
    headers = '',
    journey = record[JOURNEY] or '',
    letter = letters.idOf(sequence, record),
  }
  publish_task(KEYS[18], KEYS[19], KEYS[20], task, queue.now, tonumber(ARGV[#ARGV]))
end
