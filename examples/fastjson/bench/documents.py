"""Three documents of the sizes and shapes that JSON libraries are measured with, made anew each time alike.

* `messages`: what a social network's search gives, 600 KB: many keys, nested users, text in several scripts
* `catalog`: a box office's catalog, 1.7 MB: small ints, ids as keys, the same few keys ten thousand times
* `outline`: a country's borders as GeoJSON, 2.2 MB: coordinates, nothing but floats in lists
"""

from __future__ import annotations

import random
from typing import Any, Callable

WORDS = "the quick brown fox jumps over a lazy dog and then some more words follow it to fill up this message".split()
SCRIPTS = ("今日はとても良い天気ですね散歩に行きましょう", "Привет как дела сегодня", "çà et là naïveté déjà vu", "😀🎉👍")


def sentence(dice: random.Random) -> str:
    words = dice.choices(WORDS, k=dice.randint(6, 16))
    if dice.random() < 0.5:
        words.insert(dice.randrange(len(words)), dice.choice(SCRIPTS))
    if dice.random() < 0.3:
        words.append('said "so"\nhttp://t.example/' + format(dice.randrange(16**8), "x"))
    return " ".join(words)


def user(dice: random.Random) -> dict[str, Any]:
    number = dice.randrange(10**9)
    return {
        "id": number,
        "id_str": str(number),
        "name": sentence(dice)[:20],
        "screen_name": f"user_{number % 10**6}",
        "location": dice.choice(["", "Tokyo", "東京", "Paris"]),
        "description": sentence(dice),
        "url": None,
        "entities": {"description": {"urls": []}},
        "protected": False,
        "followers_count": dice.randrange(10**4),
        "friends_count": dice.randrange(2000),
        "listed_count": dice.randrange(20),
        "created_at": "Sat Aug 30 11:00:00 +0000 2014",
        "favourites_count": dice.randrange(5000),
        "utc_offset": dice.choice([None, 32400]),
        "time_zone": dice.choice([None, "Irkutsk"]),
        "geo_enabled": dice.random() < 0.2,
        "verified": False,
        "statuses_count": dice.randrange(10**5),
        "lang": "ja",
        "profile_background_color": "C0DEED",
        "profile_background_image_url": "http://abs.example/images/themes/theme1/bg.png",
        "profile_image_url": f"http://pbs.example/profile_images/{number}/normal.jpeg",
        "profile_link_color": "0084B4",
        "profile_use_background_image": True,
        "default_profile": True,
        "following": False,
        "notifications": False,
    }


def message(dice: random.Random, depth: int = 0) -> dict[str, Any]:
    number = dice.randrange(10**18)
    made: dict[str, Any] = {
        "metadata": {"result_type": "recent", "iso_language_code": "ja"},
        "created_at": "Sun Aug 31 00:29:15 +0000 2014",
        "id": number,
        "id_str": str(number),
        "text": sentence(dice),
        "source": '<a href="http://example.org" rel="nofollow">a client</a>',
        "truncated": False,
        "in_reply_to_status_id": None,
        "in_reply_to_user_id": None,
        "user": user(dice),
        "geo": None,
        "coordinates": None,
        "retweet_count": dice.randrange(100),
        "favorite_count": dice.randrange(100),
        "entities": {
            "hashtags": [{"text": sentence(dice)[:8], "indices": [dice.randrange(50), dice.randrange(90)]}],
            "symbols": [],
            "urls": [],
            "user_mentions": [{"screen_name": "aym0566x", "id": number % 10**9, "indices": [0, 9]}],
        },
        "favorited": False,
        "retweeted": False,
        "lang": "ja",
    }
    if depth == 0 and dice.random() < 0.7:
        made["retweeted_status"] = message(dice, 1)
    return made


def messages() -> Any:
    dice = random.Random(1)
    found = {"statuses": [message(dice) for _ in range(170)]}
    return {**found, "search_metadata": {"completed_in": 0.087, "max_id": 505874924095815700, "count": 170}}


def catalog() -> Any:
    dice = random.Random(2)
    ids = [dice.randrange(10**8, 10**9) for _ in range(300)]
    events = {
        str(number): {
            "description": None,
            "id": number,
            "logo": dice.choice([None, f"/images/UE0AAAAACEKo6QAAAAZDSVRN{number}"]),
            "name": sentence(dice)[:30],
            "subTopicIds": dice.sample(ids, 5),
            "subjectCode": None,
            "subtitle": None,
            "topicIds": dice.sample(ids, 2),
        }
        for number in ids
    }
    performances = [
        {
            "eventId": dice.choice(ids),
            "id": dice.randrange(10**9),
            "logo": None,
            "name": None,
            "prices": [
                {"amount": dice.randrange(1000, 90000), "audienceSubCategoryId": 337100890, "seatCategoryId": 338937000 + i}
                for i in range(6)
            ],
            "seatCategories": [
                {
                    "areas": [{"areaId": dice.randrange(10**9), "blockIds": []} for _ in range(7)],
                    "seatCategoryId": 338937000 + i,
                }
                for i in range(6)
            ],
            "seatMapImage": None,
            "start": 1372701600000 + dice.randrange(10**9),
            "venueCode": "PLEYEL_PLEYEL",
        }
        for _ in range(620)
    ]
    names = {str(number): sentence(dice)[:20] for number in ids}
    return {"areaNames": names, "events": events, "performances": performances, "venueNames": {"PLEYEL_PLEYEL": "Salle Pleyel"}}


def outline() -> Any:
    dice = random.Random(3)
    rings = []
    for _ in range(480):
        x, y = dice.uniform(-140, -50), dice.uniform(42, 80)
        ring = []
        for _ in range(dice.randint(20, 210)):
            x, y = x + dice.uniform(-0.1, 0.1), y + dice.uniform(-0.1, 0.1)
            ring.append([round(x, dice.choice([6, 13, 15])), round(y, dice.choice([6, 13, 15]))])
        rings.append(ring)
    geometry = {"type": "Polygon", "coordinates": rings}
    feature = {"type": "Feature", "properties": {"name": "Canada"}, "geometry": geometry}
    return {"type": "FeatureCollection", "features": [feature]}


DOCUMENTS: dict[str, Callable[[], Any]] = {"messages": messages, "catalog": catalog, "outline": outline}
