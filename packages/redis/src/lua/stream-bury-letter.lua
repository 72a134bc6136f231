-- Writes the dead letter of an entry and ends the entry as dead. Refused by the server when it is out of memory.
-- Comes after the functions that add a letter.
-- KEYS  8 to 24 those of the letters
-- ARGV  2 owner  3 id  4 receipt  5 reason  6 how many entries the audit of the letters keeps  7 and on as letters.received
-- What letters.add answers, or { 'lost' }
local owner, id, receipt, reason = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local queue = letters.open(8, ARGV[6])
local settings, letter = letters.received(7)
local row = holdings(owner, id, id, { receipt })[receipt]
-- It is over if this letter was added before: only this script adds it. The answer was lost on the way.
if not row then return letters.addedBefore(queue, letter) or { 'lost' } end
local item = load(row) or unknown(id)
-- First what may be refused, by the letters or by the server.
local answer = letters.add(queue, settings, letter)
if answer[1] == 'full' then return answer end
remove({ id })
redis.call('HINCRBY', totals, 'dead', 1)
audit('dead', owner, reason, { step(item) })
return answer
