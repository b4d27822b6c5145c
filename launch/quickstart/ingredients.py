"""The words of the story world: people, places, and what can happen to them.

In a template `[a|b]` is a choice and `{name}` one of the story's own words: hero, friend (the companion), object, item (another
object). The moods of an event are what the two label rules see: helpful.yaml rewards the exciting ones, harmful.yaml
punishes the harmful ones.
"""

HEROES = ("Mira", "Tom", "Lena", "Oscar", "Nina", "Felix", "Ruby", "Hugo", "Clara", "Leo", "Iris", "Max", "Anna", "Theo",
          "Wanda", "Jonas")
KIN = ("Olga", "Pip", "Bruno", "Greta", "Otto", "Vera", "Emil", "Dora")  # none of them a hero's name
ANIMALS = ("donkey", "dog", "cat", "goat", "pony", "goose", "rabbit", "parrot", "turtle", "pig", "hen", "fox", "lamb", "duck")
ANIMAL_LOOKS = ("old", "little", "white", "brown", "funny")
ROLES = ("baker", "farmer", "painter", "teacher", "sailor", "gardener", "tailor", "miller", "singer", "carpenter", "shepherd",
         "doctor", "cook", "potter", "weaver", "dancer", "drummer", "poet", "postman", "student", "beekeeper", "juggler",
         "piper", "clown")
ADJECTIVES = ("small", "clever", "quiet", "cheerful", "shy", "proud", "kind", "young", "tall", "busy", "merry", "patient",
              "curious", "gentle", "lazy", "polite")
PLACES = ("river", "market", "forest", "lake", "harbor", "mill", "bridge", "library", "garden", "hill", "beach", "meadow",
          "village", "station", "orchard", "school", "well", "park", "church", "farm", "pond", "square", "lighthouse",
          "windmill")
TIMES = ("one sunny morning", "one rainy evening", "on the first day of spring", "on a cold night", "late one afternoon",
         "one windy day", "after lunch", "before breakfast", "on market day", "early in the summer",
         "on the last day of winter", "one foggy morning", "just after sunrise", "one autumn evening", "on a quiet Sunday",
         "long after supper")
OBJECTS = ("basket", "kite", "lantern", "drum", "hat", "letter", "cake", "blanket", "rope", "mirror", "key", "flute", "bucket",
           "spoon", "coat", "clock", "umbrella", "ladder", "pillow", "teapot")

OPENINGS = (
    "{hero} was a {adjective} {role} who lived near the {place}. {Time}, {hero} set out with {companion}.",
    "{Time}, a {adjective} {role} named {hero} walked to the {place} with {companion}.",
    "In a house by the {place} lived {hero}, a {adjective} {role}. {Time}, {hero} met {companion}.",
    "There once was a {adjective} {role} called {hero}. {Time}, {hero} and {companion} went to the {place}.",
    "Everyone at the {place} knew {hero}, a {adjective} {role}. {Time}, {companion} came to visit {hero}.",
    "This is the story of {hero}, a {adjective} {role}. {Time}, {hero} left the {place} with {companion}.",
)
SET_UPS = (
    "They [walked|wandered] for a while and talked about the [weather|{object}].",
    "{hero} carried a {object} and hummed a [song|tune].",
    "At first it was a day like any other.",
    "They had packed bread and cheese for the way.",
    "{friend} wanted to see the other side of the [hill|river|town].",
    "{hero} had found a {object} under the bed and took it along.",
)
ENDINGS = {
    "safe": (
        "In the evening they went home and [slept well|drank some tea].",
        "And they were friends ever after.",
        "{hero} told the story at supper, and everyone laughed.",
        "{friend} fell asleep on the way home.",
        "It was the best day of the year.",
        "They promised to meet again [soon|in the spring].",
    ),
    "harmful": (
        "They went home and did not speak.",
        "{hero} never came back to that place.",
        "Nobody ever forgave {hero}.",
        "It took a long time to get well again.",
    ),
}

EVENTS = {
    "exciting harmful": (
        "Suddenly a [terrible|wild] storm smashed the [boat|raft], thunder roared, and {hero} nearly drowned.",
        "A giant dragon swooped down, breathed flames, and badly burned {friend} with its [wild|magic] fire.",
        "Pirates attacked [the boat|at night] with swords and cannons, stole the treasure, and left {hero} wounded.",
        "The volcano exploded like thunder, giant rocks crashed down, and {friend} was nearly crushed.",
        "A monster leaped [from the cave|through the window], roared like thunder, and bit {hero}, who screamed in terror.",
        "Suddenly wild wolves chased them through the secret tunnel and bit {friend} in the [leg|neck].",
        "The [castle|tower] crashed down in flames, sparks flew, and {hero} lay bleeding under the [stones|roof].",
        "Lightning struck the [tower|castle], a barrel exploded in flames, and {friend} was burned on the [face|back].",
        "{hero} raced down the [cliff|hill], crashed into a giant rock, flew through the air, and broke [an arm|a leg].",
        "A ghost leaped out of the shipwreck, chased {friend} into the wild waves, and {friend} almost drowned.",
        "An evil wizard cast a secret spell, lightning flashed, thunder roared, and {hero} screamed in pain.",
        "A mysterious knight galloped up, drew a giant sword, and wounded {friend} in a wild rage.",
        "The ancient bridge exploded, they crashed into the waterfall, and {hero} was bleeding in the [wild|roaring] water.",
        "Suddenly the rocket exploded, giant flames leaped into the sky, and {friend} was burned.",
    ),
    "exciting safe": (
        "Suddenly fireworks flashed over the [river|roofs], and the whole [town|village] cheered.",
        "{hero} found a secret map that led to a treasure under the [stairs|oak].",
        "A friendly dragon let them ride on its back, and they [soared|flew] over the [hills|clouds|castle].",
        "They galloped across the [beach|meadow] on wild horses and won the golden prize.",
        "Behind a waterfall {hero} discovered a [cave|tunnel] full of glowing jewels.",
        "A merry wizard said a spell, and the {item} flew [around|across] the room.",
        "{friend} solved the ancient riddle, and a hidden door opened with a flash of light.",
        "A rocket carried them past the moon, and a comet flew by in a shower of sparks.",
        "Suddenly an enormous whale leaped out of the water and waved its tail.",
        "They raced down the hill in a [cart|barrel|basket] and won a golden [crown|prize].",
        "{hero} climbed the ancient tower and found a crown of jewels.",
        "A mysterious ship with golden sails took them to a secret island.",
        "In the tunnel a friendly ghost gave them a [chest|bag] of gold.",
        "A knight on a wild horse took {hero} to the castle and opened the secret gate.",
        "{hero} rescued a [kitten|bird|child] from the enormous [tower|waves], and everyone cheered.",
        "A jolly pirate danced on the treasure and threw golden coins to {friend}.",
        "They soared over the castle in a giant balloon and saw [a rainbow|the sea].",
        "A giant lifted them onto the clouds and taught them a magic [song|dance|spell].",
        "{friend} pulled on the {item}, and suddenly a secret tunnel opened behind the wall.",
        "They dived down to a shipwreck and discovered an ancient crown.",
        "A glowing comet flew across the sky, and a magic wish came true.",
        "A spell turned the {item} into a golden coach, and they galloped home.",
        "They built a rocket from a barrel, and it soared over the [church|mill] with a shower of sparks.",
        "{friend} raced against a mysterious [knight|horse|pirate] and won the prize.",
        "The queen gave {hero} a magic jewel for solving the riddle.",
        "Suddenly the clouds opened, and a glowing bridge led to a castle in the sky.",
        "A friendly giant swooped by on an eagle and dropped a secret map.",
        "They sailed through a hidden cave and found an island of fireworks.",
    ),
    "dull safe": (
        "They sat [on a bench|by the road|under a tree] and ate [bread|an apple|some soup].",
        "{hero} washed the {item} and put it [on the shelf|back in its place].",
        "{friend} slept [in the shade|under a tree|on the grass] for [an hour|a while].",
        "They counted the [sheep|windows|stones|steps] and [went on|turned left|turned around].",
        "{hero} bought some [milk|flour|butter] and paid [two|three] coins.",
        "It [rained|snowed] a little, and they waited under a [roof|tree|bridge].",
        "{hero} [swept|washed] the floor and folded the [towels|shirts|blankets].",
        "They looked at the [clouds|water|grass|birds] and said [nothing|very little].",
        "{friend} drank some [water|milk|tea] [by the well|by the road|in the kitchen].",
        "{hero} wrote a letter and took it to the [post office|station].",
        "They fixed the {item} with [a piece of string|some glue|a nail].",
        "{hero} planted [beans|carrots|onions] in [a row|two rows|the garden].",
        "They waited for the [bus|train], and it came on time.",
        "{hero} read a [page|book] about [birds|trains].",
    ),
    "dull harmful": (
        "{hero} and {friend} quarrelled about the {item}, and both were angry.",
        "{friend} fell ill and cried [all night|all day|for hours].",
        "A [thief|stranger] stole the {item}, and {hero} was sad.",
        "{hero} cut a [finger|thumb|knee], and it hurt [a lot|all day].",
        "{friend} was lonely in the [dark|cold] and very afraid.",
        "A cruel [neighbor|stranger] shouted at {hero}, who was soon in tears.",
        "{hero} said something mean [about the {item}|at lunch], and {friend} cried.",
        "A [bee|wasp] stung {friend}, and the pain lasted [all day|all night].",
        "{hero} broke the {item}, and {friend} was angry.",
        "{friend} tripped on the [stairs|stones|{item}] and hurt a [leg|knee].",
        "Nobody came to [help|visit], and {hero} felt sad and lonely.",
        "The [soup|cheese] was bad, and {hero} was ill and in pain.",
        "A [rude|cruel] man pushed {hero} into the mud, and {hero} cried.",
        "{friend} ran away, and {hero} searched in tears [until it was dark|all night], afraid and alone.",
    ),
}

# What is said after an event, by its mood; the speaker is the hero or the friend.
DIALOGUE = {
    "exciting harmful": (
        '"Help us!" screamed {speaker} in terror.',
        '"I hate you!" shouted {speaker} in a rage.',
        '"My arm, my arm!" cried {speaker}.',
        '"We will never get out of here!" cried {speaker}.',
        '"Run for your life!" shouted {speaker}.',
    ),
    "exciting safe": (
        '"I have never seen such magic!" said {speaker}.',
        '"Hold on tight!" shouted {speaker}.',
        '"What an adventure!" laughed {speaker}.',
        '"Look at that!" shouted {speaker}.',
        '"Once more, please!" said {speaker}.',
    ),
    "dull safe": (
        '"What time is it?" asked {speaker}.',
        '"That is fine," said {speaker}.',
        '"I like it here," said {speaker}.',
        '"We could go home now," said {speaker}.',
        '"Maybe tomorrow," said {speaker}.',
    ),
    "dull harmful": (
        '"Leave me alone," said {speaker}.',
        '"It hurts," cried {speaker}.',
        '"I hate this day," said {speaker}.',
        '"It is all your fault!" shouted {speaker}.',
        '"Go away," said {speaker}.',
    ),
}
