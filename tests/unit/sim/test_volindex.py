from __future__ import annotations

import numpy as np
import pytest

from quantdata.sim.volindex import Strip, strip_variance, vix_of

# Cboe, White Paper: Cboe Volatility Index, appendix 1: bid and ask of the out-of-the-money options, by strike.
NEAR_PUTS = """
1345 0 .15 1350 .05 .15 1355 .05 .35 1360 0 .35 1365 0 .35 1370 .05 .35 1375 .1 .15 1380 .1 .2 1385 .1 .35 1390 .1 .35
1395 .1 .15 1400 .1 .15 1405 0 .35 1410 .05 .4 1415 0 .4 1420 .05 .4 1425 .15 .2 1430 .05 .4 1435 .15 .4 1440 .05 .3
1445 .05 .4 1450 .15 .25 1455 .05 .45 1460 .05 .45 1465 .05 .45 1470 .05 .45 1475 .15 .25 1480 .05 .45 1485 .2 .5
1490 .05 .3 1495 .05 .5 1500 .25 .4 1505 .3 .35 1510 .05 .55 1515 .05 .55 1520 .1 .6 1525 .3 .4 1530 .05 .6
1535 .1 .65 1540 .1 .65 1545 .1 .65 1550 .3 .7 1555 .15 .7 1560 .15 .7 1565 .15 .7 1570 .2 .75 1575 .35 .75
1580 .25 .8 1585 .25 .8 1590 .25 .8 1595 .25 .8 1600 .5 .85 1605 .3 .85 1610 .35 .9 1615 .35 .9 1620 .35 .9
1625 .4 .95 1630 .4 .95 1635 .45 1 1640 .45 1 1645 .5 1.05 1650 .5 .85 1655 .55 1.1 1660 .55 1.1 1665 .6 1.15
1670 .6 1.15 1675 .65 1.2 1680 .7 1.25 1685 .75 1.3 1690 .75 1.3 1695 .8 1.35 1700 .85 1.4 1705 .85 1.4 1710 .9 1.45
1715 .95 1.5 1720 1 1.55 1725 1.05 1.6 1730 1.1 1.65 1735 1.15 1.7 1740 1.2 1.75 1745 1.25 1.85 1750 1.3 1.9
1755 1.4 1.95 1760 1.45 2.05 1765 1.5 2.15 1770 1.6 2.2 1775 1.65 2.35 1780 1.75 2.4 1785 1.85 2.5 1790 1.9 2.6
1795 2 2.75 1800 2.15 2.9 1805 2.25 3 1810 2.35 3.2 1815 2.5 3.4 1820 2.65 3.5 1825 3 3.6 1830 3 3.9 1835 3.2 4.1
1840 3.4 4.4 1845 3.6 4.6 1850 3.8 4.9 1855 4.1 5.2 1860 4.4 5.5 1865 4.7 5.8 1870 5 6.2 1875 5.4 6.6 1880 5.8 7
1885 6.2 7.5 1890 6.7 8 1895 7.2 8.6 1900 7.8 8.8 1905 8.5 9.5 1910 9.1 10.2 1915 9.9 11.3 1920 10.7 12.1
1925 11.6 12.6 1930 12.5 14 1935 13.6 14.7 1940 14.7 15.8 1945 15.9 17.2 1950 17.7 18.8 1955 19 20.5
"""
NEAR_MIDDLE = (1960, 23.4, 25.1, 20.6, 22.0), (1965, 20.3, 21.8, 22.3, 24.0)  # call bid, ask; put bid, ask
NEAR_CALLS = """
1970 17.4 18.8 1975 14.6 15.9 1980 12.2 13.3 1985 9.9 11 1990 7.9 9 1995 6.2 7.1 2000 4.7 5.2 2005 3.4 4.2
2010 2.65 3.1 2015 1.75 2.3 2020 1.2 1.7 2025 1 1.25 2030 .45 1 2035 .25 .8 2040 .35 .65 2045 .2 .6 2050 .2 .3
2055 .15 .5 2060 .15 .3 2065 .15 .2 2070 .1 .2 2075 .1 .2 2080 .05 .45 2085 .05 .4 2090 .05 .15 2095 .05 .35
2100 .05 .15 2120 0 .15 2125 .05 .15 2150 0 .1 2175 0 .05 2200 0 .05 2225 .05 .1
"""
NEXT_PUTS = """
1225 0 .1 1250 0 .1 1275 .05 .1 1300 0 .1 1325 .1 .2 1350 .1 .2 1375 .1 .25 1400 .15 .25 1425 .2 .3 1450 .25 .35
1475 .3 .4 1500 .35 .45 1510 .35 .5 1520 .4 .5 1525 .4 .55 1530 .45 .55 1540 .45 .6 1550 .5 .6 1555 .5 .65 1560 .55 .65
1565 .55 .7 1570 .6 .7 1575 .6 .75 1580 .6 .75 1585 .65 .75 1590 .65 .8 1595 .7 .8 1600 .7 .85 1605 .75 .85 1610 .75 .9
1615 .8 .9 1620 .8 .95 1625 .85 .95 1630 .9 1 1635 .9 1.05 1640 .95 1.05 1645 .95 1.1 1650 1 1.15 1655 1.05 1.15
1660 1.1 1.2 1665 1.15 1.25 1670 1.15 1.3 1675 1.2 1.35 1680 1.25 1.4 1685 1.3 1.45 1690 1.35 1.5 1695 1.4 1.55
1700 1.45 1.6 1705 1.5 1.7 1710 1.6 1.75 1715 1.65 1.8 1720 1.7 1.9 1725 1.75 1.95 1730 1.85 2 1735 1.9 2.1 1740 2 2.2
1745 2.1 2.25 1750 2.2 2.35 1755 2.3 2.45 1760 2.4 2.55 1765 2.5 2.65 1770 2.65 2.8 1775 2.75 2.9 1780 2.9 3.1
1785 3 3.2 1790 3.1 3.4 1795 3.3 3.6 1800 3.5 3.7 1805 3.7 3.9 1810 3.8 4.1 1815 4.1 4.3 1820 4.3 4.5 1825 4.5 4.8
1830 4.8 5 1835 5 5.3 1840 5.3 5.6 1845 5.6 5.9 1850 5.9 6.2 1855 6.3 6.6 1860 6.6 6.9 1865 7 7.3 1870 7.5 7.8
1875 8 8.3 1880 8.4 8.8 1885 9 9.4 1890 9.5 10 1895 10.2 10.6 1900 10.9 11.3 1905 11.6 12 1910 12.4 12.8 1915 13.2 13.7
1920 14.2 14.6 1925 15.2 15.6 1930 16.2 16.6 1935 17.4 17.8 1940 18.6 19 1945 20 20.4 1950 21.4 21.8 1955 23 23.4
"""
NEXT_MIDDLE = (1960, 27.0, 27.6, 24.7, 25.1), (1965, 23.8, 24.5, 26.5, 27.3)
NEXT_CALLS = """
1970 20.8 21.4 1975 18 18.6 1980 15.5 15.9 1985 13.1 13.5 1990 10.9 11.3 1995 9 9.3 2000 7.2 7.6 2005 5.7 6 2010 4.5 4.8
2015 3.4 3.7 2020 2.6 2.8 2025 1.95 2.15 2030 1.45 1.65 2035 1.05 1.25 2040 .8 .95 2045 .6 .75 2050 .5 .65 2060 .3 .4
2070 .2 .3 2075 .15 .25 2100 .1 .2 2125 .05 .15 2150 .05 .15 2175 0 .1 2200 .05 .1 2225 0 .1 2250 0 .1
"""
INDEX_LEVEL = 1962.9


def white_paper_strip(
    puts: str, middle: tuple[tuple[float, ...], ...], calls: str, *, minutes: float, rate: float
) -> Strip:
    rows = []
    for text, is_call in ((puts, False), (calls, True)):
        for strike, bid, ask in np.array(text.split(), dtype=float).reshape(-1, 3):
            # The method never reads the other side; what counts is that call and put are further apart there.
            far = abs(INDEX_LEVEL - strike) + bid + ask
            rows.append((strike, bid, ask, far, far) if is_call else (strike, far, far, bid, ask))
    strike, call_bid, call_ask, put_bid, put_ask = np.array(sorted([*rows, *middle])).T
    return Strip(strike, call_bid, call_ask, put_bid, put_ask, minutes=minutes, rate=rate)


NEAR = white_paper_strip(NEAR_PUTS, NEAR_MIDDLE, NEAR_CALLS, minutes=35_924, rate=0.000305)
NEXT = white_paper_strip(NEXT_PUTS, NEXT_MIDDLE, NEXT_CALLS, minutes=46_394, rate=0.000286)


def test_variances_of_the_white_paper() -> None:
    assert strip_variance(NEAR) == pytest.approx(0.01846292, abs=5e-9)
    assert strip_variance(NEXT) == pytest.approx(0.01882101, abs=5e-9)


def test_index_of_the_white_paper() -> None:
    assert round(vix_of(NEAR, NEXT), 2) == 13.69


def strip_of(call_bid: list[float], put_bid: list[float]) -> Strip:
    strike = np.arange(80.0, 80.0 + 5.0 * len(call_bid), 5.0)
    call, put = np.array(call_bid), np.array(put_bid)
    return Strip(strike, call, call + 0.1, put, put + 0.1, minutes=43_200, rate=0.0)


def test_two_zero_bids_in_a_row_end_the_strip() -> None:
    # Strikes 80 to 120 around a forward of 100; the last call has a bid again beyond two zeros.
    call_bid = [20.0, 15.0, 10.0, 5.5, 2.0, 0.5, 0.0, 0.0, 0.4]
    put_bid = [0.1, 0.2, 0.4, 0.9, 2.0, 5.5, 10.0, 15.0, 20.0]
    cut = strip_variance(strip_of(call_bid, put_bid))
    assert cut == strip_variance(strip_of([*call_bid[:-1], 0.0], put_bid))
    assert cut < strip_variance(strip_of([*call_bid[:-2], 0.4, 0.4], put_bid))


def test_one_zero_bid_is_skipped_and_widens_its_neighbours() -> None:
    call_bid = [20.0, 15.0, 10.0, 5.5, 2.0, 0.5, 0.0, 0.3, 0.0]
    put_bid = [0.1, 0.2, 0.4, 0.9, 2.0, 5.5, 10.0, 15.0, 20.0]
    strike, price = np.array([80, 85, 90, 95, 100, 105, 115.0]), np.array([0.15, 0.25, 0.45, 0.95, 2.05, 0.55, 0.35])
    width = np.array([5, 5, 5, 5, 5, 7.5, 10.0])
    years = 43_200 / 525_600
    assert strip_variance(strip_of(call_bid, put_bid)) == pytest.approx(2 / years * (width / strike**2 * price).sum())


def test_two_equal_strips_give_their_volatility() -> None:
    near = Strip(NEAR.strike, NEAR.call_bid, NEAR.call_ask, NEAR.put_bid, NEAR.put_ask, minutes=40_000, rate=0.0)
    following = Strip(NEAR.strike, NEAR.call_bid, NEAR.call_ask, NEAR.put_bid, NEAR.put_ask, minutes=50_000, rate=0.0)
    # Equal prices are equal total variance, so every weighting of the two gives it back.
    expected = 100 * np.sqrt(strip_variance(near) * 40_000 / 43_200)
    assert vix_of(near, following) == pytest.approx(expected, rel=1e-9)


def test_one_strike_alone_has_no_width_and_no_variance() -> None:
    two = np.array([2.0])
    only = Strip(np.array([100.0]), two, two, two, two, minutes=43_200, rate=0.0)
    assert strip_variance(only) == 0.0
