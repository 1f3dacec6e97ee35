/**
 * What the demo's model knows, most frequent first: every word of the sample corpus. A page ships the words and not the
 * sentences; a test holds them to the corpus.
 */
export const DEMO_WORDS: readonly string[] = `
the you i at is to a my in and on for we have time with of know if your me are what do this think
please so that can ok good just let am will see call an forgot way from by last today news it like
say again meet evening week afternoon weekend tonight no hour tomorrow be next question always as
quick there oh half listen hey tell all ten past back hall sorry before thank was shall not train
late day take did up how love bridge harbour four bring cannot room nine now night one go new want
town our idea seven anywhere market some little talk hello class library right needs park doing need
tom would says old minute sister trail great very bakery cinema grandma station anna museum dad well
jacket joe neighbours soon uncle quarter until later minutes us has two who lena coast then five
lovely mum six soup road noon test first perfect brother about second eight happy map hungry after
sleep kitchen summit send best stamp much out wonderful exam school umbrella path work too wallet
main trip where water phone baby home glasses beans does maybe corner here birthday book cook find
problem give morning lot thanks address could broken making pump route help three waterfall ticket
pick seen because keys left near ridge anything better missed off or shift safe running big worries
line railway sounds weather forget outside forest loop fresh slow congratulations dinner having
salad under leave when kind hot statistics encore card post pizza apple bed house misprint quiet
mountain pass ecology wants finale genetics pancakes play starts cooling noodles rare river tower
bread barn fair conveyor hours more service chemistry comes organic thursday release page saturday
table quartet friday opens check pasta site rice tens turbine movement open red team behind sunday
girls' squad onion coming lamb monday stew fish pie put full visitors cancelled outer lighthouse
nursery bay hands ride lemon mushroom risotto tart concert tuesday wednesday boy island sail backup
floor generator years glass along top sharp anchor took wash log parents start twins equations over
reading viola arm chapel flat girl pack rain every staff window tree windy won compost heap cast
without copy payment radio save studio training alarm branch hand helmet wear order probability
sends bus come hut bike nothing roof bricks patient somebody write during paid away control down
fractions ready already database frost login broke gravity report roses wet build stand tomatoes
twice had turn life lost spare still add due end group temperature ate leaves auction pull request
worth but review circuits electric emergency fine restart coffee deploy index pumpkins search sunny
raining fit flea children's fence runner ward suite cream lettuce strawberries pressure golden tea
violin garlic delayed butter chocolate chart recovery cold getting cello around camping chain flour
garden penalties snowing weeding far high level low oil saffron shop tide critic essay liked lunch
raised rehearsal since tired juice mending scaffolding bath bit canteen code deck freeze music race
replacing rising sheet count covers prize rests ringing saw thunder turned else oranges thyme timber
compass drop extra failed salt tiles tune audience below client crossed customer frame frames green
greenhouse pads permit shin shut sold stood stream tickets touch babysitter gear seat shooting
warming wrote ambulance boat burned gloves handle manual practise record sandwiches short switch
while beautiful blue books busy echo excited meeting nappies outbid pinch professor size teachers'
teddy tyres wrong break climb closed concrete fall nap plans rock semester sensor serve signal taste
technician worry booked difficult finds fully planted prune saddle secret wind bow cover draw hair
hoist keep kicks machine others party picture seeds started sun swapped traded works ahead arrives
bedtime bees desk dog engineer grandfather's hurt legs list ran story breeze catalogue date dolphins
forecast found knives lab letter light milk rudder scored sharpen slugs sow substitute swimming
waiting another carries goal ill keeper kick league look melody rucksack said strong study westerly
word bug ends fixed get gravel inspector ladder lecture long notes passed pitch ripe tooth visiting
visits brake dated drive expert front leak lights match memory roll shoes tube worksheet anchored
boots collect dishes doctor grade passing practised seasick sound album asked asleep bake borrowed
clever dry finally forty headwind invoice lacks lock miles pupil shirts soil stuck sunrise truck
whose arrive explaining gusts load north once parts runs slept steep through blackboard measure
reach referee show spent fakes finish merge oven presentation simmer softer windows bottle cage
makes noise results strange car maintenance menu personal pram bell blood lesson rings went brutal
cloth crane dealer fast knows rear rest string tyre change dig drain got fever pour stable closes
bins issue laundry lay cool deer fridge goats passes tests wild eagle valley whole bandage clean
rent snow easy steady medicine pain watering wheelbarrow homework project science maths reports hose
pruning shears spade
`
  .trim()
  .split(/\s+/);
