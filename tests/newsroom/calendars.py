"""Dates as the outlets print them: each house has its own style, one of them the Jalali calendar."""

from __future__ import annotations

from datetime import date, datetime

from tests.newsroom.stories import Outlet

PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
JALALI_MONTHS = ("فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند")
PERSIAN_WEEKDAYS = ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه")
URDU_MONTHS = ("جنوری", "فروری", "مارچ", "اپریل", "مئی", "جون", "جولائی", "اگست", "ستمبر", "اکتوبر", "نومبر", "دسمبر")


def jalali(day: date) -> tuple[int, int, int]:
    """Year, month and day of the Solar Hijri calendar, counted from 1 Farvardin 1402 (21 March 2023).

    Only for 1402 and 1403, the years of the demo; ValueError elsewhere.
    """
    offset = (day - date(2023, 3, 21)).days
    if not 0 <= offset < 365 + 366:
        raise ValueError(f"{day} is outside the demo's years 1402 and 1403")
    year, offset = (1402, offset) if offset < 365 else (1403, offset - 365)
    if offset < 186:
        return year, offset // 31 + 1, offset % 31 + 1
    return year, (offset - 186) // 30 + 7, (offset - 186) % 30 + 1


def printed(moment: datetime, outlet: Outlet) -> str:
    """A moment as this outlet's pages print it, in the outlet's own zone."""
    local = moment.astimezone(outlet.zone)
    hour = local.strftime("%I:%M").lstrip("0")
    if outlet.id == "border_courier":
        return f"{local:%B} {local.day}, {local.year} {hour}{local:%p}".replace("AM", "am").replace("PM", "pm")
    if outlet.id == "southern_dispatch":
        return f"{local:%b} {local.day}, {local.year}, {hour} {local:%p}"
    if outlet.id == "makran_wire":
        # Pakistani houses write PST for Pakistan Standard Time: a trap for readers of zone names.
        return f"{local:%a, %d %b %Y %H:%M} PST"
    if outlet.id == "coast_monitor":
        return f"{local:%d/%m/%Y}"
    if outlet.id == "khabar_kavir":
        year, month, day = jalali(local.date())
        text = f"{PERSIAN_WEEKDAYS[local.weekday()]} {day} {JALALI_MONTHS[month - 1]} {year} - {local:%H:%M}"
        return text.translate(PERSIAN_DIGITS)
    if outlet.id == "roznama_sahil":
        return f"{local.day} {URDU_MONTHS[local.month - 1]} {local.year}"
    return f"{local.day} {local:%B %Y, %H:%M} GMT"
