use super::*;

const SIZE: (u16, u16) = (80, 46);

fn app() -> App {
    let mut app = App::new(Depth::True, None);
    app.tick(0.0, SIZE);
    app
}

/// Lets time pass until nothing moves, at most five minutes.
fn settle(app: &mut App) {
    for _ in 0..3_000 {
        app.tick(0.1, SIZE);
        if app.motion == Motion::Still {
            return;
        }
    }
}

#[test]
fn zooming_at_a_pixel_brings_it_closer_and_keeps_it_in_place() {
    let mut app = app();
    let under = app.camera.point(60.0, 10.0, SIZE);
    app.update(Action::ZoomAt(60, 10, 2.0));
    settle(&mut app);
    let now = app.camera.point(60.0, 10.0, SIZE);
    assert!((app.magnification() - 2.0).abs() < 1e-9);
    assert!((under.0 - now.0).abs() < 1e-9 && (under.1 - now.1).abs() < 1e-9);
}

#[test]
fn repeated_keys_add_up_while_the_camera_still_glides() {
    let mut app = app();
    (0..3).for_each(|_| app.update(Action::Zoom(2.0)));
    settle(&mut app);
    assert!((app.magnification() - 8.0).abs() < 1e-9);
}

#[test]
fn dragging_moves_the_picture_with_the_pointer() {
    let mut app = app();
    let under = app.camera.point(10.0, 10.0, SIZE);
    app.update(Action::Drag(5.0, 3.0));
    let now = app.camera.point(15.0, 13.0, SIZE);
    assert!((under.0 - now.0).abs() < 1e-9 && (under.1 - now.1).abs() < 1e-9);
}

#[test]
fn the_julia_set_is_that_of_the_centre_and_leads_back() {
    let mut app = app();
    app.update(Action::Visit(2));
    settle(&mut app);
    let here = app.camera;
    app.update(Action::Julia);
    assert_eq!(app.family, Family::Julia { re: here.x, im: here.y });
    app.update(Action::Julia);
    assert_eq!((app.family, app.camera), (Family::Mandelbrot, here));
}

#[test]
fn the_tour_visits_every_place_and_steering_ends_it() {
    let mut app = app();
    app.update(Action::Tour);
    let mut seen = Vec::new();
    for _ in 0..6_000 {
        app.tick(0.05, SIZE);
        if app.motion == Motion::Still
            && app.message.is_none()
            && !seen.contains(&app.title().to_owned())
        {
            seen.push(app.title().to_owned());
        }
    }
    assert_eq!(seen, PLACES.iter().map(|place| place.name.to_owned()).collect::<Vec<_>>());
    app.update(Action::Pan(0.1, 0.0));
    assert_eq!(app.tour, None);
}

#[test]
fn reaching_the_target_counts_as_found() {
    let mut app = app();
    app.update(Action::Hunt);
    settle(&mut app);
    app.camera = Camera::new(-1.25, 0.0, 0.9);
    app.tick(0.1, SIZE);
    assert_eq!(app.hunt.as_ref().map(|hunt| hunt.found), Some(1));
    assert!(app.title().starts_with("Found in"));
    app.update(Action::Close);
    assert!(app.hunt.is_none());
    assert_eq!(app.title(), "Hunt over: 1 found");
}

#[test]
fn back_returns_through_the_journey_and_stops_at_its_beginning() {
    let mut app = app();
    for at in [0, 7, 8] {
        app.update(Action::Visit(at));
        settle(&mut app);
    }
    for _ in 0..5 {
        app.update(Action::Back);
        settle(&mut app);
    }
    assert_eq!((app.family, app.camera), (HOME.family, HOME.camera));
}

#[test]
fn palettes_go_round_in_both_directions() {
    let mut app = app();
    app.update(Action::Palette(-1));
    assert_eq!(app.title(), PALETTES[PALETTES.len() - 1].name);
    app.update(Action::Palette(1));
    assert_eq!(app.title(), PALETTES[0].name);
}

#[test]
fn no_order_of_actions_in_any_size_panics() {
    let actions = [
        Action::Pan(9.0, -9.0),
        Action::ZoomAt(u16::MAX, u16::MAX, 1e9),
        Action::Zoom(1e-9),
        Action::Drag(1e9, 1e9),
        Action::NextFamily,
        Action::Julia,
        Action::Visit(8),
        Action::Visit(999),
        Action::Hunt,
        Action::NextTarget,
        Action::Tour,
        Action::Turn,
        Action::Back,
        Action::Home,
        Action::Help,
        Action::Close,
        Action::Palette(-1),
    ];
    let sizes = [(0, 0), (1, 2), (20, 10), SIZE];
    let mut app = app();
    for step in 0..2_000_usize {
        app.update(actions[(step * step + step / 7) % actions.len()]);
        app.tick(0.07, sizes[step % sizes.len()]);
        assert!(app.camera.x.is_finite() && app.camera.span > 0.0);
    }
}
