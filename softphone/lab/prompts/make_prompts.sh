#!/bin/sh
# Makes the lab's spoken prompts: 8 kHz mu-law without header, one file each.
# Needs espeak-ng (1.51 was used) and sox (14.4.2). Run it in this folder.
set -eu

say() { # FILE TEXT
    espeak-ng -v en-gb -s 150 -p 45 --stdout "$2" |
        sox -t wav - -t raw -r 8000 -c 1 -e mu-law -b 8 "$1.ul" \
            silence 1 0.01 0.3% reverse silence 1 0.01 0.3% reverse norm -6 sinc 200-3400 pad 0 0.15
}

number=0
for word in zero one two three four five six seven eight nine; do
    say "digit_$number" "$word"
    number=$((number + 1))
done
say digit_star "star"
say digit_pound "pound"
say menu "Welcome to the lab. Press any digit, and I will say which one I heard. \
Star repeats this. Pound ends the call."
say pressed "You pressed"
say goodbye "Good bye."
say greeting "Hello, this is the lab speaking. Everything you say from now on comes back to you."
say caller "Hello, I am calling about my order. Can you tell me when it will arrive?"
say speech "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. \
It is easy to tell the depth of a well. These days a chicken leg is a rare dish. \
Rice is often served in round bowls."
